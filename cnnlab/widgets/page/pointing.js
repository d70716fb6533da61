// Pointing at a pixel: by mouse or touch, held by a click, by arrow keys. What was pointed at last
// stays; Escape goes back to the pixel that the widget itself chooses.

/** Ways to go, in rows and columns. */
export const ARROWS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export const POINTABLE = {
  tabindex: 0,
  "aria-description":
    "Arrow keys choose a pixel; with Shift ten pixels at once. Escape goes back to a telling one.",
};

/**
 * Let the hand point at the pixels of a picture.
 * @param {Picture} picture
 * @param {Object} session - has `point`; pointAt({row, column} | null) is called on it, and null
 *   stands for a pixel of its own choice; start(), if there is none, chooses one for the keyboard as the
 *   focus comes, and begin() with the first arrow key
 * @param {AbortSignal} signal - ends it
 * @param {{hover?: boolean}} [how] - whether the pointer points without a click
 */
export function pointing(picture, session, signal, { hover = true } = {}) {
  const { canvas } = picture;
  const on = (name, act) => canvas.addEventListener(name, act, { signal });
  let pinned = false;
  on("pointermove", (event) => {
    if (!hover) return;
    pinned &&= Boolean(session.point); // something else may have let go
    if (!pinned) session.pointAt(picture.at(event));
  });
  on("focus", () => session.start?.());
  on("click", (event) => {
    pinned = !pinned;
    session.pointAt(picture.at(event));
  });
  on("keydown", (event) => {
    const way = ARROWS[event.key];
    if (event.key === "Escape") {
      pinned = false;
      session.pointAt(null);
    }
    if (way && !session.point) (session.begin ?? session.start)?.call(session);
    if (!way || !session.point) return;
    event.preventDefault();
    const { row, column } = session.point;
    const far = event.shiftKey ? 10 : 1;
    pinned = true;
    const inside = (at, size) => Math.max(0, Math.min(size - 1, at));
    session.pointAt({
      row: inside(row + far * way[0], picture.height),
      column: inside(column + far * way[1], picture.width),
    });
  });
}

/**
 * One side of a session in which several pictures can be pointed at: what pointing() and
 * pointingAtNumbers() take for a session. session.point then says {side, row, column}, and `part`,
 * which of several pictures of that side it is.
 */
export function sideToPoint(session, side, part) {
  const own = () => session.point?.side === side && session.point.part === part;
  return {
    get point() {
      return own() ? session.point : null;
    },
    start() {
      if (!own()) this.pointAt({ row: 0, column: 0 });
    },
    pointAt(place) {
      if (!place && !own()) return;
      session.point = place && { side, part, ...place };
      session.emit("point");
    },
  };
}

/** Let the hand point at the numbers of a grid: by mouse, or by where the keyboard is. */
export function pointingAtNumbers({ element }, session, signal) {
  const on = (name, act) => element.addEventListener(name, act, { signal });
  const placeOf = (target) => {
    const cell = element.contains(target) && target.closest("[data-row]");
    return cell ? { row: Number(cell.dataset.row), column: Number(cell.dataset.column) } : null;
  };
  const focused = () => placeOf(document.activeElement);
  on("pointerover", ({ target }) => session.pointAt(placeOf(target) ?? focused()));
  on("pointerleave", () => session.pointAt(focused()));
  on("focusin", ({ target }) => session.pointAt(placeOf(target)));
  on("focusout", () => session.pointAt(null));
}
