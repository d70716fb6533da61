// Work beside the page: a function that needs nothing but its arguments, in a thread of its own.

const RUNNER = `onmessage = ({ data: [text, ...given] }) => {
  const result = new Function(\`return (\${text})\`)()(...given);
  postMessage(result, [result.buffer]);
};`;

/**
 * Start a helper: helper(act, ...given) promises what act(...given), a typed array, comes to. Where
 * a page may not start workers, act runs on the page itself.
 */
export function startHelper() {
  let worker = null,
    refused = false,
    waiting = null;
  const start = () => {
    try {
      const address = URL.createObjectURL(new Blob([RUNNER], { type: "text/javascript" }));
      worker = new Worker(address);
      URL.revokeObjectURL(address);
      worker.onmessage = ({ data }) => waiting.keep(data);
      worker.onerror = () => {
        refused = true;
        waiting?.keep(waiting.act(...waiting.given));
      };
    } catch {
      refused = true;
    }
  };
  const helper = (act, ...given) => {
    if (!worker && !refused) start();
    if (refused) return Promise.resolve(act(...given));
    return new Promise((keep) => {
      waiting = { keep, act, given };
      worker.postMessage([String(act), ...given]);
    });
  };
  helper.stop = () => worker?.terminate();
  return helper;
}
