// A field to sign in by mouse, finger or pen. What is drawn goes into a hidden input as a PNG with a clear background;
// the server takes it apart before it believes it. The pad shows while the radio named in data-shown-for is chosen.

const INK = '#10243e';
const WIDTH = 5;

function mount(root) {
  const canvas = root.querySelector('canvas');
  const field = root.querySelector('[data-role="drawing"]');
  const radios = [...root.closest('form').querySelectorAll('input[type="radio"]')].filter(
    (radio) => radio.value === root.dataset.shownFor,
  );
  const context = canvas.getContext('2d');
  let drawing = false;

  function point(event) {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * canvas.width) / box.width,
      ((event.clientY - box.top) * canvas.height) / box.height,
    ];
  }

  function show() {
    root.hidden = !radios.some((radio) => radio.checked);
  }

  function clear() {
    context.clearRect(0, 0, canvas.width, canvas.height);
    field.value = '';
  }

  /** After a refusal the page comes back with what was drawn. */
  function restore() {
    if (!field.value) return;
    const picture = new Image();
    picture.addEventListener('load', () => context.drawImage(picture, 0, 0));
    picture.src = field.value;
  }

  context.strokeStyle = INK;
  context.lineWidth = WIDTH;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    context.beginPath();
    context.moveTo(...point(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!drawing) return;
    for (const step of event.getCoalescedEvents?.() ?? [event]) context.lineTo(...point(step));
    context.stroke();
  });
  const end = () => {
    if (!drawing) return;
    drawing = false;
    field.value = canvas.toDataURL('image/png');
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  root.querySelector('[data-role="clear"]').addEventListener('click', clear);
  root.closest('form').addEventListener('change', show);
  restore();
  show();
}

export function mountAll(root) {
  for (const one of root.querySelectorAll('[data-signature]')) mount(one);
}
