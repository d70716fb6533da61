"""What each chapter asks: one module with one `Lesson` a chapter, listed in `CHAPTERS`."""
