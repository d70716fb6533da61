// The least contrast of the words of a widget on what lies behind them: relative luminance as in WCAG 2.2.
(lab) => {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    const linear = Array.from(probe.getImageData(0, 0, 1, 1).data.slice(0, 3), (byte) => {
      const share = byte / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!/^(transparent|rgba.*, 0\))$/.test(backgroundColor)) return backgroundColor;
    }
    return "white";
  };
  const found = {};
  for (const one of lab.querySelectorAll(
    "p, button:enabled, select, input, figcaption, figcaption *, label span, .cnnlab-ticks span",
  )) {
    if (!one.offsetParent) continue;
    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05),
      name = one.className || one.tagName;
    found[name] = Math.min(found[name] ?? 99, ratio);
  }
  return found;
};
