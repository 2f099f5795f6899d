import type { Attachment } from 'svelte/attachments';

/** Arrow keys, Home and End move the focus along the elements of a list that match. */
export function arrowKeys(selector: string): Attachment<HTMLElement> {
  return (list) => {
    const move = (event: KeyboardEvent): void => {
      const all = [...list.querySelectorAll<HTMLElement>(selector)];
      const at = all.indexOf(document.activeElement as HTMLElement);
      if (at < 0) return;
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const target = all[Math.min(all.length - 1, Math.max(0, next))];
      target?.focus();
      target?.scrollIntoView({ block: 'nearest' });
    };
    list.addEventListener('keydown', move);
    return () => list.removeEventListener('keydown', move);
  };
}

/** True while the user is typing, when single letters are text rather than commands. */
export function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLElement && event.target.matches('input:not([type="checkbox"]), textarea, select');
}
