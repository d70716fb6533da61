// Dragging sideways over a field changes its number, one step every few pixels.

const PIXELS_A_STEP = 10;

/**
 * Let the hand drag a field of a whole number.
 * @param {HTMLInputElement} input
 * @param {function(): number} read
 * @param {function(number, Object): void} write - the new number, and what holds the gesture
 */
export function scrubbing(input, read, write) {
  // The browser would drag away the text that is selected.
  input.addEventListener("dragstart", (event) => event.preventDefault());
  input.addEventListener("pointerdown", (event) => {
    if (event.button || input.disabled) return;
    const ended = new AbortController(),
      gesture = { held: true },
      start = { x: event.clientX, value: read() };
    let steps = 0,
      moving = false;
    const move = (now) => {
      const way = now.clientX - start.x;
      if (!moving && Math.abs(way) < PIXELS_A_STEP / 2) return;
      if (!moving) {
        moving = true;
        input.setPointerCapture(event.pointerId);
        input.classList.add("cnnlab-scrubbing");
      }
      now.preventDefault();
      const wanted = Math.round(way / PIXELS_A_STEP);
      if (wanted === steps) return;
      steps = wanted;
      write(start.value + steps, gesture);
    };
    const end = () => {
      ended.abort();
      gesture.held = false;
      input.classList.remove("cnnlab-scrubbing");
    };
    const { signal } = ended;
    // On the window: until a drag begins, the browser's own arrows in the field keep the pointer.
    window.addEventListener("pointermove", move, { signal });
    for (const name of ["pointerup", "pointercancel"]) {
      window.addEventListener(name, end, { signal });
    }
  });
}
