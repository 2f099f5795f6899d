import { createSubscriber } from 'svelte/reactivity';

/** Current colours of the style sheet; reactive to theme changes. */
class Theme {
  #subscribe = createSubscriber((update) => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', update);
    const attribute = new MutationObserver(update);
    attribute.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      dark.removeEventListener('change', update);
      attribute.disconnect();
    };
  });

  colour(variable: string): string {
    this.#subscribe();
    return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  }
}
export const theme = new Theme();
