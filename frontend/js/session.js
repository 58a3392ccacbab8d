// The session as scripts see it: its CSRF token, and the dialog when it has ended.

function csrfMeta() {
  return document.querySelector('meta[name="csrf-token"]');
}

export function csrfToken() {
  return csrfMeta()?.content ?? '';
}

/** The token of a new session: the server sends it with the refusal of the old one. */
export function renewCsrf(token) {
  const meta = csrfMeta();
  if (meta) meta.content = token;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
}

export function showSessionExpired() {
  const dialog = document.getElementById('sp-expired');
  if (dialog && !dialog.open) dialog.showModal();
}
