// What runs in the page while ConvolutionStepper is measured, with page_tools.js before it.

(() => {
  const { rest, onScreen, point, awake } = window.benchmarkTools;
  awake();

  /**
   * Press a button, or drag a number by one to and fro, `reach` at the furthest, so many times at the
   * pace of a hand; each change and its picture leave marks in the browser's trace.
   */
  async function change(selector, reach, times) {
    const field = document.querySelector(selector),
      box = field.getBoundingClientRect();
    const mouse = (type, offset) =>
      point(field, type, box.left + box.width / 2 + offset, box.top + box.height / 2);
    const way = (time) => Math.abs(((time + 3 * reach) % (4 * reach)) - 2 * reach) - reach;
    const act = field.matches("button")
      ? () => field.click()
      : (time) => mouse("pointermove", 4 * way(time));
    mouse("pointerover", 0);
    mouse("pointerdown", 0);
    for (let time = 1; time <= times; time++) {
      await rest(60 + 40 * Math.random());
      performance.mark("change");
      act(time);
      await onScreen();
      performance.mark("painted");
    }
    mouse("pointerup", 0);
  }

  window.benchmark = { change };
})();
