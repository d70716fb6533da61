// What Python sends reaches the widget, however busy its page was while it came.
//
// anywidget holds back what a model is sent until its script stands. A page in which that takes two
// seconds, as in a class whose learners all come in at once, counts as failed, and from then on all
// that is sent is dropped: the widget follows the hand and never hears its kernel. (Runtime.ready
// and AnyModel._handle_comm_msg, anywidget 0.9.18 to 0.11.)

const KNOCK = { content: { data: { method: "knock" } } }; // does nothing where it is let in

/** Wait as anywidget does, and then hear all the same; what was dropped till then is asked for. */
export async function heed(model) {
  const models = model.widget_manager;
  const whole = await models?.get_model(model.get("_identity")).catch(() => null);
  const { comm } = whole ?? {};
  const hear = Object.getPrototypeOf(Object.getPrototypeOf(whole ?? {}))?._handle_comm_msg;
  if (!comm || !hear) return; // no kernel, or a front end that is not ipywidgets'
  const held = whole
    ._handle_comm_msg(KNOCK)
    .catch(() => comm.send({ method: "request_state" }, {}));
  comm.on_msg(async (message) => {
    await held;
    return hear.call(whole, message);
  });
}
