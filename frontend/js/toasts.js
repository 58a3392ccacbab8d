// Short messages at the foot of the page. Errors stay until closed; confirmations leave by themselves.
import { say } from './messages.js';

const STAY_MS = 6000;

export function toast(text, tone = 'info') {
  const region = document.getElementById('sp-toasts');
  if (!region) return;
  for (const other of region.children) {
    if (other.dataset.text === text) other.remove();
  }
  const box = document.createElement('div');
  box.className = `sp-toast sp-toast--${tone}`;
  box.dataset.text = text;
  const words = document.createElement('div');
  words.className = 'sp-toast__text';
  words.textContent = text;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'sp-toast__close';
  close.setAttribute('aria-label', say('close'));
  close.textContent = '×';
  close.addEventListener('click', () => box.remove());
  box.append(words, close);
  region.append(box);
  if (tone !== 'bad') setTimeout(() => box.remove(), STAY_MS);
}
