import { createSubscriber } from 'svelte/reactivity';

/** The time of day, updated once a second while in use. For display only. */
class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(() => {
      if (!document.hidden) update();
    }, 1000);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}
export const clock = new Clock();
