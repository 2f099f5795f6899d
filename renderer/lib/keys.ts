/** True while the user is typing, when single letters are text rather than commands. */
export function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLElement && event.target.matches('input:not([type="checkbox"]), textarea, select');
}
