/** For tests: jsdom lays nothing out, so nothing in it comes into view or changes its size. */
class SeesNothing {
  observe(): void {
    // See above.
  }
  unobserve(): void {
    // See above.
  }
  disconnect(): void {
    // See above.
  }
}
Object.assign(globalThis, { IntersectionObserver: SeesNothing, ResizeObserver: SeesNothing });
