// What runs in the page while widgets are measured that train and explore, with page_tools.js
// before it.

(() => {
  const { rest, onScreen, key, point, REPORTS } = window.benchmarkTools;
  const widget = (name) => document.querySelector(`.jp-Notebook [data-widget=${name}]`);
  const press = (within, words) =>
    [...within.querySelectorAll("button")].find((one) => one.textContent.trim() === words).click();

  /** Frames in which a TrainingBoard painted, a second. Nothing else keeps the page busy. */
  async function repaints(seconds) {
    const frames = new Set();
    const seen = new MutationObserver(() => frames.add(document.timeline.currentTime));
    const runs = widget("TrainingBoard").querySelector(".cnnlab-board-runs");
    seen.observe(runs, { attributeFilter: ["data-shown"] });
    const began = performance.now();
    await rest(1000 * seconds);
    seen.disconnect();
    return (1000 * frames.size) / (performance.now() - began);
  }

  /**
   * Play a FilterTrainer until all weights on the page are at most `near` away from the goal.
   * @returns {{seconds: number, steps: number, pictures: number, found: boolean}}
   */
  async function walk(goal, near, limit) {
    const trainer = widget("FilterTrainer");
    const map = trainer.querySelector("canvas[data-role=map]");
    const cells = [...trainer.querySelectorAll("input.cnnlab-number")];
    const apart = () => Math.max(...cells.map(({ title }, k) => Math.abs(Number(title) - goal[k])));
    const now = trainer.querySelector("[data-role=now]");
    const deadline = performance.now() + 5000;
    while (!now.textContent.startsWith("0 steps")) {
      if (performance.now() > deadline) throw new Error(`it began with ${now.textContent}`);
      await onScreen();
    }
    let { frame } = map.dataset,
      pictures = 0,
      found = false;
    const began = performance.now(),
      ends = began + 1000 * limit;
    let at = began;
    press(trainer, "Play");
    while (!found && at < ends) {
      at = await onScreen();
      if (map.dataset.frame !== frame) pictures += 1;
      frame = map.dataset.frame;
      found = apart() <= near;
    }
    const steps = Number.parseInt(now.textContent, 10);
    if (trainer.querySelector("[data-control=play]").textContent === "Pause") {
      press(trainer, "Pause");
    }
    await rest(400); // until the step under way has been heard of
    return { seconds: (at - began) / 1000, steps, pictures, found };
  }

  /** Draw on a NetworkExplorer; pictures a second of which all layers were painted. */
  async function draw(seconds) {
    const explorer = widget("NetworkExplorer");
    press(explorer, "Draw");
    await rest(300);
    const pad = explorer.querySelector("canvas[data-role=input]"),
      layers = [...explorer.querySelectorAll("canvas[data-layer]")];
    const box = pad.getBoundingClientRect();
    const mouse = (type, turn) => {
      const out = 0.15 + (0.2 * (turn % 7)) / 7;
      const x = 0.5 + out * Math.sin(2 * turn),
        y = 0.5 + 1.2 * out * Math.cos(2 * turn);
      point(pad, type, box.left + x * box.width, box.top + y * box.height);
    };
    let frames = layers.map(({ dataset }) => dataset.frame),
      pictures = 0,
      drawing = true;
    const look = async () => {
      while (drawing) {
        await onScreen();
        const now = layers.map(({ dataset }) => dataset.frame);
        if (!now.every((frame, k) => frame !== frames[k])) continue;
        pictures += 1;
        frames = now;
      }
    };
    const looking = look(),
      began = performance.now();
    mouse("pointerdown", 0);
    for (let report = 1; performance.now() - began < 1000 * seconds; report++) {
      mouse("pointermove", report / REPORTS);
      await rest(Math.max(0, began + (1000 * report) / REPORTS - performance.now()));
    }
    const rate = (1000 * pictures) / (performance.now() - began);
    mouse("pointerup", 0);
    drawing = false;
    await looking;
    press(explorer, "Done");
    return rate;
  }

  /** Milliseconds from a key that chooses another map to its arithmetic, which the kernel tells. */
  async function answers(times) {
    const explorer = widget("NetworkExplorer");
    const maps = explorer.querySelector("canvas[data-layer=conv2d_2]"),
      title = explorer.querySelector("[data-role=unit-title]");
    const choose = async (name, unit) => {
      const began = performance.now();
      key(maps, name);
      let at = began;
      while (!title.textContent.startsWith(`conv2d_2: Map ${unit},`)) {
        if (at - began > 10_000) throw new Error(`no answer for map ${unit} within 10 s`);
        at = await onScreen();
      }
      return at - began;
    };
    await choose("Home", 0);
    const took = [];
    for (let time = 0; time < times; time++) {
      await rest(60 + 40 * Math.random()); // the hand keeps no time with anything
      const there = time % 2 === 0;
      took.push(await choose(there ? "ArrowDown" : "ArrowUp", there ? 1 : 0));
    }
    return took;
  }

  /** Milliseconds from an edit that changes every layer of a NetworkBuilder to all of it painted. */
  async function edits(times) {
    const builder = widget("NetworkBuilder");
    const field = builder.querySelector("[data-control=input-height]"),
      total = builder.querySelector("[data-role=total-work]");
    const took = [];
    for (let time = 0; time < times; time++) {
      await rest(60 + 40 * Math.random());
      const before = total.textContent,
        began = performance.now();
      field.value = time % 2 ? 224 : 256;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      let at = await onScreen();
      while (total.textContent === before) {
        if (at - began > 5000) throw new Error("nothing was painted within 5 s of an edit");
        at = await onScreen();
      }
      took.push(at - began);
    }
    return took;
  }

  window.benchmark = { repaints, walk, draw, answers, edits };
})();
