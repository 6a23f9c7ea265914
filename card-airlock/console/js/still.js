// Nothing moves under a pointer, a selection or the keyboard's focus: what is read stays where it is until it is left.

const hovers = matchMedia("(hover: hover)");

/** Whether somebody points into an element, has selected something in it, or goes through it with the keyboard. */
export function isRead(element) {
  return (hovers.matches && element.matches(":hover")) || isSelected(element) || element.querySelector(":focus-visible") !== null;
}

function isSelected(element) {
  const selection = getSelection();
  return !selection.isCollapsed && element.contains(selection.anchorNode);
}

/** Calls `left` each time when nobody points into the element, selects in it or has the focus in it any more. */
export function onLeft(element, left) {
  const ask = () => setTimeout(() => !isRead(element) && left());
  element.addEventListener("pointerleave", ask);
  element.addEventListener("focusout", ask);
  document.addEventListener("selectionchange", ask);
}
