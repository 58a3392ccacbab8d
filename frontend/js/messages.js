// The sentences of the interface come from the server, translated, in <template data-messages>.

/** Reads the sentences of a template: `{key: 'sentence with %(name)s'}`. */
export function readMessages(template) {
  const found = {};
  if (!template) return found;
  for (const node of template.content.querySelectorAll('[data-key]')) {
    found[node.dataset.key] = node.textContent.trim();
  }
  return found;
}

/** Fills `%(name)s` and `%%` as gettext's Python formats do; a missing value stays visible as its name. */
export function format(sentence, values = {}) {
  return sentence.replace(/%%|%\((\w+)\)s/g, (whole, name) => {
    if (whole === '%%') return '%';
    return name in values ? String(values[name]) : name;
  });
}

let page;

/** A sentence of the page; the key itself when the page has none, so that a gap is seen and not silent. */
export function say(key, values) {
  page ??= readMessages(document.getElementById('sp-messages'));
  return format(page[key] ?? key, values);
}
