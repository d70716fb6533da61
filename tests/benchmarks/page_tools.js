// What every measurement in a page needs. A picture counts as painted when the frame that shows it
// has been handed to the screen: the task after the next animation frame.

(() => {
  const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const onScreen = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      }),
    );
  const key = (target, name) =>
    target.dispatchEvent(
      new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }),
    );

  /** A mouse at a place: a widget cannot tell these events from a hand's. */
  const point = (target, type, clientX, clientY) =>
    target.dispatchEvent(
      new PointerEvent(type, {
        pointerId: 1,
        pointerType: "mouse",
        isPrimary: true,
        bubbles: true,
        cancelable: true,
        clientX,
        clientY,
      }),
    );

  /** A page without a screen makes frames on demand; from now on sixty a second, as on a screen. */
  const awake = () => {
    const tick = () => requestAnimationFrame(tick);
    tick();
  };

  const REPORTS = 125; // a second, of an ordinary mouse

  window.benchmarkTools = { rest, onScreen, key, point, awake, REPORTS };
})();
