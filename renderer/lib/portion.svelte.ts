/** Renders a long list in portions, as it is scrolled. */
import type { Attachment } from 'svelte/attachments';

const size = 100;

export class Portion {
  count = $state(size);

  /** Restarts from the beginning, for another list or filter. */
  reset(): void {
    this.count = size;
  }
  more(): void {
    this.count += size;
  }
  /** For the element at the end of the rendered part: loads more when it comes into view. */
  readonly end: Attachment = (node) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.more();
      },
      // Loads before it is visible, to avoid a wait.
      { rootMargin: '600px' },
    );
    observer.observe(node);
    return () => observer.disconnect();
  };
}
