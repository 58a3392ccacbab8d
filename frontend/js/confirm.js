// A button with data-confirm asks first, in a <dialog>, and then does what it would have done.
// The second click of a double click counts for nothing while the dialog opens or closes: it would land on whatever lies
// under the pointer by then, on "yes" unread or on a box of the page beneath.
// Optional: data-confirm-title, data-confirm-label (the word on the button), data-confirm-tone="bad".

const DOUBLE_CLICK_MS = 800;

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
  let changedAt = -Infinity;
  document.addEventListener(
    'click',
    (event) => {
      if (event.detail > 1 && event.timeStamp - changedAt < DOUBLE_CLICK_MS) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      if (dialog.contains(event.target)) changedAt = event.timeStamp;
      const button = event.target.closest('[data-confirm]');
      if (!button || button.dataset.confirmed) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      asking = button;
      changedAt = event.timeStamp;
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
