/** Scrolling by keyboard: an area of which something is hidden takes the focus. */

/** An attachment for what scrolls. */
export function scrollable(area: HTMLElement): () => void {
  const look = (): void => {
    const isCut = area.scrollWidth > area.clientWidth || area.scrollHeight > area.clientHeight;
    if (isCut) area.tabIndex = 0;
    else area.removeAttribute('tabindex');
  };
  const sizes = new ResizeObserver(look);
  for (const node of [area, ...area.children]) sizes.observe(node);
  return () => sizes.disconnect();
}
