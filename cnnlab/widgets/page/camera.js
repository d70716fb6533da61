// The camera of this computer: opened, with words for what goes wrong, and closed.

import { make } from "./dom.js";

export const FILM = { width: 320, height: 240 }; // pixels

const REFUSED = {
  NotAllowedError:
    "The browser does not let this page use the webcam; allow it beside the address, then try again.",
  NotFoundError: "No webcam was found; plug one in, or upload a picture.",
  NotSupportedError:
    "A webcam needs a page from https or from this computer; upload a picture instead.",
  NotReadableError: "The webcam is in use by another program; close that, then try again.",
};

export class Camera {
  constructor() {
    this.video = make("video", { playsinline: true });
    this.video.muted = true;
  }

  /** Open it. @returns {Promise<string>} why it did not open, in words; empty if it did */
  async open() {
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotSupportedError");
      this.stream = await navigator.mediaDevices.getUserMedia({ video: FILM });
    } catch (error) {
      const otherwise = `The webcam did not start (${error.name}); upload a picture instead.`;
      return REFUSED[error.name] ?? otherwise;
    }
    if (this.closed) {
      this.close(); // while the browser asked
      return "";
    }
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => {});
    return "";
  }

  /** Whether there is a picture to be taken. */
  get ready() {
    return this.video.readyState >= 2;
  }

  close() {
    this.closed = true;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }
}
