// A button with data-confirm asks first, in a <dialog>, and then does what it would have done.
// Optional: data-confirm-title, data-confirm-label (the word on the button), data-confirm-tone="bad".

function fill(dialog, button) {
  const { confirm, confirmTitle, confirmLabel, confirmTone } = button.dataset;
  const yes = dialog.querySelector('[data-role="yes"]');
  dialog.querySelector('[data-role="text"]').textContent = confirm;
  dialog.querySelector('[data-role="title"]').textContent = confirmTitle || dialog.dataset.title;
  yes.textContent = confirmLabel || button.textContent.trim() || button.value;
  yes.className = `btn ${confirmTone === 'bad' ? 'btn-sp-danger' : 'btn-sp-primary'}`;
}

export function watchConfirmations() {
  const dialog = document.getElementById('sp-confirm');
  if (!dialog) return;
  let asking = null;
  document.addEventListener(
    'click',
    (event) => {
      const button = event.target.closest('[data-confirm]');
      if (!button || button.dataset.confirmed) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      asking = button;
      fill(dialog, button);
      dialog.returnValue = '';
      dialog.showModal();
    },
    true,
  );
  dialog.addEventListener('close', () => {
    const button = asking;
    asking = null;
    if (!button?.isConnected) return;
    button.focus();
    if (dialog.returnValue !== 'yes') return;
    button.dataset.confirmed = 'yes';
    button.click();
    delete button.dataset.confirmed;
  });
}
