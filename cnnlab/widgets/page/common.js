// What many widgets need stands in one model a kernel (shared/common.py); the others refer to it.

const PATIENCE = 50; // times
const REST = 100; // milliseconds

/**
 * What a reference stands for. While a notebook opens, the front end may forget its models and
 * make them anew: one that is not there yet is waited for.
 */
export async function common(model, reference) {
  const name = reference.slice("IPY_MODEL_".length);
  for (let left = PATIENCE; ; left--) {
    try {
      return (await model.widget_manager.get_model(name)).get("content");
    } catch (missing) {
      if (left === 0) throw missing;
      await new Promise((resolve) => setTimeout(resolve, REST));
    }
  }
}
