// A camera made of a drawing: a room whose light changes, something that passes behind, and a hand
// that moves. window.hand says what it does: "open", "fist" or nothing. The clock is the page's.
(() => {
  const SIZE = { width: 320, height: 240 };
  const SKIN = [225, 170, 140];
  window.hand = "open";
  window.cameraRefuses = "";

  function paint(context, t) {
    const { width, height } = SIZE,
      light = 0.85 + 0.15 * Math.sin(2.1 * t);
    const colour = (rgb, share) => `rgb(${rgb.map((one) => Math.round(one * share)).join()})`;
    for (let y = 0; y < height; y += 8) {
      context.fillStyle = colour([150 - y / 8, 140 - y / 8, 120 - y / 8], light);
      context.fillRect(0, y, width, 8);
    }
    const things = [
      [120 + 60 * Math.sin(2.4 * t), 150, 60, 90, [60, 80, 130]],
      [20, 40, 50, 70, [120, 60, 50]],
      [230, 120, 70, 40, [80, 130, 90]],
    ];
    for (const [x, y, w, h, rgb] of things) {
      context.fillStyle = colour(rgb, light);
      context.fillRect(x, y, w, h);
    }
    if (!window.hand) return;
    const x = 160 + 35 * Math.sin(1.3 * t),
      y = 130 + 25 * Math.cos(1.1 * t),
      scale = 1 + 0.2 * Math.sin(0.8 * t),
      turn = 0.35 * Math.sin(0.9 * t),
      radius = 38 * scale,
      skin = colour(SKIN, 0.85 + 0.15 * Math.sin(2.1 * t));
    const disc = (at, across, size) => {
      context.beginPath();
      context.arc(at, across, size, 0, 7);
      context.fill();
    };
    context.fillStyle = context.strokeStyle = skin;
    disc(x, y, radius);
    if (window.hand === "fist") {
      for (let k = 0; k < 4; k++) {
        const angle = -0.6 + 0.4 * k + turn;
        const [across, up] = [radius * Math.sin(angle), radius * Math.cos(angle)];
        context.fillStyle = skin;
        disc(x + across, y - up, 10 * scale);
        context.strokeStyle = "rgb(120, 80, 60)";
        context.lineWidth = 1;
        context.stroke();
      }
      return;
    }
    context.lineCap = "round";
    context.lineWidth = 15 * scale;
    for (const degrees of [-75, -35, -5, 25, 55]) {
      const angle = (degrees * Math.PI) / 180 + turn,
        long = (degrees === -75 ? 70 : 86) * scale;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + long * Math.sin(angle), y - long * Math.cos(angle));
      context.stroke();
    }
  }

  const devices = {
    async getUserMedia() {
      if (window.cameraRefuses) throw new DOMException("", window.cameraRefuses);
      const canvas = Object.assign(document.createElement("canvas"), SIZE);
      const context = canvas.getContext("2d");
      const stream = canvas.captureStream(30);
      const draw = () => {
        if (stream.getTracks().every((track) => track.readyState === "ended")) return;
        paint(context, performance.now() / 1000);
        setTimeout(draw, 33);
      };
      draw();
      return stream;
    },
  };
  Object.defineProperty(navigator, "mediaDevices", { value: devices, configurable: true });
})();
