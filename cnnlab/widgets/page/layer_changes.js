// What a hand does to a list of layers.

export class LayerChanges {
  /**
   * @param {{kinds: {title: string, entry: Object}[], most: number}} offered
   * @param {function(): Object[]} read
   * @param {function(Object[], *=): void} write - the second is the gesture, if one is held
   */
  constructor({ kinds, most }, read, write) {
    Object.assign(this, { kinds, most, read, write });
  }

  get full() {
    return this.read().length >= this.most;
  }

  add(entry, index = this.read().length) {
    if (!this.full) this.write(this.read().toSpliced(index, 0, entry));
  }

  edit(index, patch, gesture) {
    const changed = this.read().map((one, k) => (k === index ? { ...one, ...patch } : one));
    this.write(changed, gesture ?? `layer ${index} ${Object.keys(patch)}`);
  }

  /** Another kind of layer in its place; a window keeps its size. */
  become(index, name) {
    const layers = this.read(),
      old = layers[index];
    const fresh = { ...this.kinds.find(({ entry }) => entry.layer === name).entry },
      size = old.kernel_size ?? old.window;
    for (const key of ["kernel_size", "window"]) if (size && key in fresh) fresh[key] = size;
    this.write(layers.with(index, fresh));
  }

  /** Change places with a neighbour; says whether there was one. */
  move(index, way) {
    const layers = [...this.read()],
      to = index + way;
    if (to < 0 || to >= layers.length) return false;
    [layers[index], layers[to]] = [layers[to], layers[index]];
    this.write(layers);
    return true;
  }

  remove(index) {
    this.write(this.read().toSpliced(index, 1));
  }
}
