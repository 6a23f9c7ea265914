// A button for what cannot be undone: the first press asks, the second one does it.

const SHOWN_FOR = 5000;

/** Calls `action` when the button is pressed twice. */
export function sure(button, action) {
  const words = button.textContent;
  let timer = 0;
  const calm = () => {
    clearTimeout(timer);
    delete button.dataset.sure;
    button.textContent = words;
  };
  button.addEventListener("blur", calm);
  button.addEventListener("click", () => {
    if ("sure" in button.dataset) {
      calm();
      action();
      return;
    }
    button.dataset.sure = "";
    button.textContent = `${words}? Press again`;
    timer = setTimeout(calm, SHOWN_FOR);
  });
}
