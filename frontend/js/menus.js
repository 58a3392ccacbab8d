// Menus are <details data-menu>: Escape and a click elsewhere close them, one is open at a time.

function closeAll(except) {
  for (const menu of document.querySelectorAll('details[data-menu][open]')) {
    if (menu !== except) menu.open = false;
  }
}

export function watchMenus() {
  document.addEventListener('click', (event) => closeAll(event.target.closest('details[data-menu]')));
  document.addEventListener('focusin', (event) => closeAll(event.target.closest('details[data-menu]')));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const menu = document.querySelector('details[data-menu][open]');
    if (!menu) return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
}
