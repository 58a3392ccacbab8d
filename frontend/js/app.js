// What every page loads: htmx, its errors in words, confirmation, drafts and menus.
import htmx from 'htmx.org';
import { watchConfirmations } from './confirm.js';
import { watchDrafts } from './drafts.js';
import { watchHtmx } from './htmx-errors.js';
import { watchMenus } from './menus.js';
import { watchPages } from './pages.js';
import { watchSelfSaving } from './self-saving.js';

window.htmx = htmx;

watchHtmx();
watchConfirmations();
watchMenus();
watchPages();
watchDrafts();
watchSelfSaving();

async function mountUploaders(root) {
  if (!root.querySelector('[data-uploader]')) return;
  const { mountAll } = await import('./upload.js');
  mountAll(root);
}

mountUploaders(document);
document.addEventListener('htmx:load', (event) => mountUploaders(event.target.parentNode ?? document));

async function mountSignatures() {
  if (!document.querySelector('[data-signature]')) return;
  const { mountAll } = await import('./signature.js');
  mountAll(document);
}

mountSignatures();
