// What runs in the page while FilterLab is measured, with page_tools.js before it.

(() => {
  const { rest, onScreen, key, point, awake, REPORTS } = window.benchmarkTools;
  awake();

  const map = () => document.querySelector(".jp-Notebook canvas[data-role=map]");
  const cell = () =>
    document.querySelector(".jp-Notebook input.cnnlab-number[data-row='1'][data-column='1']");

  /**
   * Press a key on a weight: milliseconds until the new map is painted, and, for who waits for it,
   * until it is the kernel's.
   */
  async function change(name) {
    const began = performance.now(),
      { frame } = map().dataset;
    const until = async (what, words) => {
      let at = await onScreen();
      while (!what(map().dataset)) {
        if (at - began > 5000) throw new Error(`no ${words} within 5 s of a key press`);
        at = await onScreen();
      }
      return at - began;
    };
    key(cell(), name);
    const painted = await until((shown) => shown.frame !== frame, "picture");
    return { painted, answered: () => until(({ source }) => source === "kernel", "answer") };
  }

  /** Milliseconds from a key press on a weight to the painted map, `changes` times. */
  async function latency(changes) {
    const times = [];
    for (let turn = 0; turn < changes; turn++) {
      await rest(60 + 40 * Math.random()); // the hand keeps no time with the screen
      times.push((await change(turn % 2 ? "ArrowDown" : "ArrowUp")).painted);
    }
    return times;
  }

  /** The same once: until the map is painted, and until it is the kernel's. */
  async function once(name) {
    const { painted, answered } = await change(name);
    return { painted, answered: await answered() };
  }

  /** The same for a handler that paints as many pixels without asking anybody. */
  async function floor(changes) {
    const { width, height } = map();
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const box = map().getBoundingClientRect();
    canvas.style.cssText = `position:fixed;left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px;z-index:99`;
    document.body.append(canvas);
    const context = canvas.getContext("2d"),
      image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const field = document.createElement("input");
    document.body.append(field);
    let colour = 0;
    field.addEventListener("keydown", () => {
      colour++;
      for (let place = 0; place < pixels.length; place++)
        pixels[place] = 0xff000000 | (place + 9 * colour);
      context.putImageData(image, 0, 0);
    });
    const times = [];
    for (let change = 0; change < changes; change++) {
      await rest(60 + 40 * Math.random());
      const began = performance.now();
      key(field, "ArrowUp");
      times.push((await onScreen()) - began);
    }
    canvas.remove();
    field.remove();
    return times;
  }

  /**
   * Drag the weight up and note every change and every picture; after `steps` steps it is back where
   * it was. A step comes as often as a mouse reports: at the pace of the screen some frames would
   * get two and their neighbours none, whatever the widget does.
   * A mouse driven from outside would be as slow as its driver; the widget cannot tell these events
   * from a hand's.
   */
  async function drag(seconds, steps) {
    const changes = [],
      pictures = [];
    const field = cell(),
      box = field.getBoundingClientRect();
    const mouse = (type, offset) =>
      point(field, type, box.left + box.width / 2 + offset, box.top + box.height / 2);
    let frame = map().dataset.frame,
      watching = true;
    const look = async () => {
      while (watching) {
        const at = await onScreen();
        const canvas = map();
        if (canvas.dataset.frame === frame) continue;
        frame = canvas.dataset.frame;
        const colour = Array.from(
          canvas
            .getContext("2d")
            .getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1)
            .data.subarray(0, 3),
        );
        pictures.push({ at, colour });
      }
    };
    const looking = look();
    const began = performance.now();
    mouse("pointerdown", 0);
    for (let step = 1; performance.now() - began < 1000 * seconds; step++) {
      const at = performance.now();
      mouse("pointermove", 4 * (step % steps));
      changes.push({ at, weight: Number(field.value.replace("\u2212", "-")) });
      await rest(Math.max(0, began + (1000 * step) / REPORTS - performance.now()));
    }
    const ended = performance.now();
    mouse("pointerup", 0);
    await rest(1500);
    watching = false;
    await looking;
    return {
      changes,
      pictures,
      pictures_per_second:
        (1000 * pictures.filter(({ at }) => at <= ended).length) / (ended - began),
    };
  }

  /** Run all cells; milliseconds until a map is painted, and until it is the kernel's. */
  async function start() {
    const began = performance.now();
    const until = async (what) => {
      while (!what(map())) {
        if (performance.now() - began > 60000) throw new Error("no picture within a minute");
        await onScreen();
      }
      return performance.now() - began;
    };
    window.jupyterapp.commands.execute("notebook:run-all-cells");
    const painted = await until((canvas) => Number(canvas?.dataset.frame) > 0);
    return { painted, answered: await until((canvas) => canvas.dataset.source === "kernel") };
  }

  window.benchmark = { latency, once, floor, drag, start };
})();
