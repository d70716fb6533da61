// The gradients of image, filter and bias, and beside each its central difference.

import { make, put } from "./dom.js";
import { MapTile } from "./map_tile.js";
import { pointing, sideToPoint } from "./pointing.js";
import { pick } from "./volume.js";

const CHANNELS = [0, 1, 2],
  GRADIENT = "Gradient",
  DIFFERENCE = "Central difference";

function tilesOf(name) {
  return {
    name,
    image: CHANNELS.map((c) => new MapTile(`${name}, image, channel ${c}`)),
    filters: CHANNELS.map((c) => new MapTile(`${name}, filter, channel ${c}`)),
    bias: [new MapTile(`${name}, bias`, {})],
  };
}

export class GradientMaps {
  constructor(session) {
    this.session = session;
    this.gradients = tilesOf(GRADIENT);
    this.differences = tilesOf(DIFFERENCE);
  }

  get tiles() {
    return [this.gradients, this.differences].flatMap(({ image, filters, bias }) => [
      ...image,
      ...filters,
      ...bias,
    ]);
  }

  /** The gradients of one kind, "image", "filters" or "bias", each beside its difference. */
  pairs(kind) {
    return this.gradients[kind].map(({ element }, k) =>
      make("div", { class: "cnnlab-pair" }, element, this.differences[kind][k].element),
    );
  }

  point(signal) {
    for (const { image, filters } of [this.gradients, this.differences]) {
      for (const c of CHANNELS) {
        pointing(image[c].picture, sideToPoint(this.session, "image", c), signal);
        pointing(filters[c].picture, sideToPoint(this.session, "weight", c), signal);
      }
    }
  }

  /** Show the gradients of a frame, or as much of them as there is by now. */
  show({ parts }, source) {
    const { session } = this,
      { layer, steps, gathering, partial } = session;
    const kinds = Object.keys(session.gradients);
    this.limits = Object.fromEntries(kinds.map((kind, k) => [kind, parts[k].limit]));
    const whole = Object.fromEntries(kinds.map((kind, k) => [kind, parts[k].numbers]));
    this.#paint(this.gradients, partial ? session.gradients : whole, partial ? "browser" : source);
    const pixels = layer.image.height * layer.image.width;
    for (const c of CHANNELS.slice(0, layer.image.channels)) {
      const first = gathering && steps.done !== null ? steps.done - c * pixels : pixels;
      const later = Math.min(pixels, Math.max(0, pixels - first));
      this.gradients.image[c].cover(Array.from({ length: later }, (_, k) => pixels - later + k));
    }
    session.check();
    this.showDifferences();
  }

  /** Show the central differences, if they are wanted and there. */
  showDifferences() {
    const { session } = this,
      { image, filters, bias } = this.differences;
    const wanted = session.settings.check && session.backward && session.layer.fits;
    for (const { element } of [...image, ...filters, ...bias]) {
      if (!wanted) put(element, "hidden", true);
    }
    if (wanted && session.differences && this.limits) {
      this.#paint(this.differences, session.differences, "browser");
    }
  }

  #paint(tiles, shown, source) {
    const { session, limits } = this,
      { layer, chosen, settings } = session,
      { image, bank } = layer;
    const weights = pick(shown.filters, chosen, bank.count);
    // Beside its gradient a central difference needs no second title.
    const named = (kind, what) => ({
      title: tiles.name === GRADIENT ? `${tiles.name}: ${what}` : tiles.name,
      label: `${tiles.name}, ${what}`,
      limit: limits[kind],
      palette: settings.palette,
      source,
    });
    const filter = bank.count > 1 ? `filter ${chosen}` : "filter";
    for (const c of CHANNELS) {
      for (const kind of ["image", "filters"]) {
        put(tiles[kind][c].element, "hidden", c >= bank.channels);
      }
      if (c >= bank.channels) continue;
      const channel = bank.channels > 1 ? `, channel ${c}` : "";
      const onImage = { ...image, values: pick(shown.image, c, image.channels) },
        slice = { ...bank, values: pick(weights, c, bank.channels) };
      tiles.image[c].show(onImage, named("image", `image${channel}`));
      tiles.filters[c].show(slice, named("filters", `${filter}${channel}`));
    }
    put(tiles.bias[0].element, "hidden", false);
    const bias = { height: 1, width: bank.count, values: Array.from(shown.bias) };
    tiles.bias[0].show(bias, named("bias", "bias"));
  }

  /** Frame what belongs to a place. */
  mark(places) {
    const { layer, settings } = this.session;
    const shown = settings.check ? [this.gradients, this.differences] : [this.gradients];
    for (const { image, filters } of shown) {
      for (const c of CHANNELS.slice(0, layer.image.channels)) {
        image[c].mark(...places.onImage(c));
        filters[c].mark(...places.onWeights(c));
      }
    }
  }

  fade() {
    for (const tile of this.tiles) tile.fade();
  }
}
