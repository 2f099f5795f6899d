/** A long list part by part: what nobody has scrolled to yet is not drawn. */
import type { Attachment } from 'svelte/attachments';

const size = 100;

export class Portion {
  count = $state(size);

  /** Another list, or another choice of it: from its beginning. */
  reset(): void {
    this.count = size;
  }
  more(): void {
    this.count += size;
  }
  /** For what stands at the end of the drawn part: when it comes into view there is more. */
  readonly end: Attachment = (node) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.more();
      },
      // Before it is seen, so that nobody waits for it.
      { rootMargin: '600px' },
    );
    observer.observe(node);
    return () => observer.disconnect();
  };
}
