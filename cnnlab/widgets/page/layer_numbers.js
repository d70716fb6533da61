// The numbers of a layer that the hand can change: image, filter, bias, what comes from above.

import { limitOf } from "./convolution_session.js";
import { fill, put } from "./dom.js";
import { MapTile } from "./map_tile.js";
import { NumberGrid } from "./number_grid.js";
import { colourOf } from "./paint.js";
import { pointing, pointingAtNumbers, sideToPoint } from "./pointing.js";
import { sliceOf, sliceOn, titled, withAxis } from "./volume.js";

const CHANNELS = [0, 1, 2],
  FILTERS = [0, 1, 2, 3],
  NO_PADDING = { before: 0, after: 0 };

export class LayerNumbers {
  constructor(session) {
    this.session = session;
    this.images = CHANNELS.map((c) => sliceOn(session, "image", `Image, channel ${c}`, () => [c]));
    this.slices = CHANNELS.map((c) =>
      sliceOn(session, "filters", `Weights, channel ${c}`, () => [c, session.chosen]),
    );
    const setBias = (_row, _column, value, gesture) =>
      session.change({ bias: withAxis(session.settings.bias, session.chosen, value) }, gesture);
    this.bias = titled(new NumberGrid("Bias", setBias, { step: 1, describe: () => "Bias" }));
    const above = () => session.upstream;
    this.upstreams = FILTERS.map((f) => {
      const name = `Gradient from above, map ${f}`;
      // While another filter is shown. It gives way to the grid, and so never has the focus.
      const tile = new MapTile(name, {});
      return { ...sliceOn(session, "upstream", name, () => [f], above), tile };
    });
  }

  point(signal) {
    const side = (name, part) => sideToPoint(this.session, name, part);
    for (const c of CHANNELS) {
      pointingAtNumbers(this.images[c].grid, side("image", c), signal);
      pointingAtNumbers(this.slices[c].grid, side("weight", c), signal);
    }
    for (const f of FILTERS) {
      pointingAtNumbers(this.upstreams[f].grid, side("output", f), signal);
      pointing(this.upstreams[f].tile.picture, side("output", f), signal);
    }
  }

  #colours(limit) {
    const { palette } = this.session.settings;
    return (value) => colourOf(value, limit, palette);
  }

  /** Show the image: its padding, and what no window reaches. */
  showImage() {
    const { layer, settings } = this.session,
      { image } = layer;
    const { down, across } = layer.places ?? { down: NO_PADDING, across: NO_PADDING };
    const pads = {
      top: down.before,
      bottom: down.after,
      left: across.before,
      right: across.after,
    };
    const colour = this.#colours(limitOf(image.values));
    const { fits, reached } = layer;
    const skipped = (_, pixel) => (fits && !reached.has(pixel) ? "skipped" : "");
    const looks = Array.from({ length: image.height * image.width }, skipped),
      signs = looks.map(() => "");
    for (const [c, { grid, title, element }] of this.images.entries()) {
      put(element, "hidden", c >= image.channels);
      if (c >= image.channels) continue;
      grid.update(sliceOf(settings.image, [c]), colour, { digits: 2, pads, pad: "0" });
      grid.mark(looks, signs);
      put(title, "textContent", image.channels > 1 ? `Image, channel ${c}` : "Image");
    }
  }

  /** Show the weights and the bias of the filter that is shown. */
  showFilter() {
    const { chosen, layer, settings } = this.session,
      { bank } = layer;
    const colour = this.#colours(limitOf(bank.weights)),
      name = bank.count > 1 ? `Filter ${chosen}` : "Filter";
    for (const [c, { grid, title, element }] of this.slices.entries()) {
      put(element, "hidden", c >= bank.channels);
      if (c >= bank.channels) continue;
      grid.update(sliceOf(settings.filters, [c, chosen]), colour, { digits: 2 });
      put(title, "textContent", bank.channels > 1 ? `${name}, channel ${c}` : name);
    }
    this.bias.grid.update([[settings.bias[chosen]]], colour, { digits: 2 });
    put(this.bias.title, "textContent", "Bias");
  }

  /** Show what comes from above: numbers to change for the filter that is shown, else maps. */
  showUpstream() {
    const { chosen, layer, settings, upstream } = this.session,
      { palette } = settings,
      limit = limitOf(upstream.flat(2)),
      colour = this.#colours(limit);
    for (const [f, { grid, title, element, tile }] of this.upstreams.entries()) {
      put(element, "hidden", f !== chosen);
      put(tile.element, "hidden", f === chosen || f >= layer.bank.count);
      if (f >= layer.bank.count) continue;
      const words = layer.bank.count > 1 ? `From above, map ${f}` : "From above",
        rows = sliceOf(upstream, [f]);
      put(title, "textContent", words);
      if (f === chosen) grid.update(rows, colour, { digits: 2 });
      else {
        const { height, width } = layer.output;
        const map = { height, width, values: rows.flat() };
        tile.show(map, { title: words, limit, palette, source: "browser" });
      }
    }
  }

  /** Frame what belongs to a place. */
  mark(places) {
    const { backward, chosen, layer } = this.session;
    for (const c of CHANNELS.slice(0, layer.image.channels)) {
      fill(this.images[c].grid.overlay, ...places.onImage(c));
      fill(this.slices[c].grid.overlay, ...places.onWeights(c));
    }
    if (!backward) return;
    for (const f of FILTERS.slice(0, layer.bank.count)) {
      const { grid, tile } = this.upstreams[f];
      if (f === chosen) fill(grid.overlay, ...places.onOutput(f));
      else tile.mark(...places.onOutput(f));
    }
  }
}
