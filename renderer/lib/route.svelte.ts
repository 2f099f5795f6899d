/** The window's route, kept in the address so that back, forward and reload work. */
import type { Selection } from '../../electron/api/comparison.ts';
import type { Evaluated } from '../../electron/api/drafts.ts';

/** An image by its place in a split, counted with those that runs leave out. */
export interface MapPlace {
  readonly fingerprint: string;
  readonly split: string;
  readonly place: number;
}

export type Route =
  | { readonly view: 'plans'; readonly plan: string | null }
  | { readonly view: 'runs' }
  | { readonly view: 'run'; readonly run: string }
  | { readonly view: 'new'; readonly again: null; readonly dataset: string | null }
  /** The same run again; `chunk` proposes the number of samples at once; null keeps it. */
  | { readonly view: 'new'; readonly again: string; readonly chunk: number | null }
  | { readonly view: 'evaluate'; readonly of: Evaluated }
  /** `beside`: a second run, whose map lies beside. `at`: an image whose neighbours are wanted. */
  | { readonly view: 'map'; readonly of: Evaluated; readonly beside: string | null; readonly at: MapPlace | null }
  | { readonly view: 'weights' }
  | { readonly view: 'compare'; readonly selection: Selection | null }
  | { readonly view: 'datasets'; readonly dataset: string | null }
  | { readonly view: 'reports'; readonly report: string | null }
  | { readonly view: 'hardware' }
  | { readonly view: 'settings' };

export function addressOf(route: Route): string {
  const parts = ((): readonly string[] => {
    switch (route.view) {
      case 'plans':
        return route.plan === null ? ['plans'] : ['plans', route.plan];
      case 'run':
        return ['runs', route.run];
      case 'new':
        if (route.again !== null)
          return ['new', 'again', route.again, ...(route.chunk === null ? [] : [String(route.chunk)])];
        return route.dataset === null ? ['new'] : ['new', 'on', route.dataset];
      case 'evaluate':
        return route.of.kind === 'run' ? ['evaluate', route.of.run] : ['evaluate', 'weights', route.of.weights];
      case 'map':
        return [
          'map',
          ...(route.of.kind === 'run' ? [route.of.run] : ['weights', route.of.weights]),
          ...(route.beside === null ? [] : ['beside', route.beside]),
          ...(route.at === null ? [] : ['at', route.at.fingerprint, route.at.split, String(route.at.place)]),
        ];
      case 'compare':
        if (route.selection === null) return ['compare'];
        return route.selection.kind === 'plan'
          ? ['compare', 'plan', route.selection.plan]
          : ['compare', 'runs', route.selection.runs.join(',')];
      case 'datasets':
        return route.dataset === null ? ['datasets'] : ['datasets', route.dataset];
      case 'reports':
        return route.report === null ? ['reports'] : ['reports', route.report];
      case 'runs':
      case 'weights':
      case 'hardware':
      case 'settings':
        return [route.view];
    }
  })();
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** What stands after `map/` in an address. */
function mapRoute(parts: readonly (string | undefined)[]): Route {
  const [of, rest]: readonly [Evaluated | null, readonly (string | undefined)[]] =
    parts[0] === 'weights' && parts[1]
      ? [{ kind: 'weights', weights: parts[1] }, parts.slice(2)]
      : [parts[0] ? { kind: 'run', run: parts[0] } : null, parts.slice(1)];
  if (of === null) return { view: 'runs' };
  const beside = rest[0] === 'beside' && rest[1] ? rest[1] : null;
  const [at, fingerprint, split, place] = beside === null ? rest : rest.slice(2);
  if (at !== 'at' || !fingerprint || !split || !/^\d{1,9}$/.test(place ?? ''))
    return { view: 'map', of, beside, at: null };
  return { view: 'map', of, beside, at: { fingerprint, split, place: Number(place) } };
}

/** An unknown address leads to the plans. */
export function routeOf(address: string): Route {
  const [view, ...parts] = address
    .replace(/^#\/?/, '')
    .split('/')
    .map((part) => decodeURIComponent(part));
  const [first, second, third] = parts;
  switch (view) {
    case 'runs':
      return first ? { view: 'run', run: first } : { view: 'runs' };
    case 'new':
      if (first === 'again' && second)
        return { view: 'new', again: second, chunk: /^[1-9]\d*$/.test(third ?? '') ? Number(third) : null };
      return { view: 'new', again: null, dataset: first === 'on' && second ? second : null };
    case 'evaluate':
      if (first === 'weights' && second) return { view: 'evaluate', of: { kind: 'weights', weights: second } };
      return first ? { view: 'evaluate', of: { kind: 'run', run: first } } : { view: 'runs' };
    case 'map':
      return mapRoute(parts);
    case 'compare':
      if (first === 'plan' && second) return { view: 'compare', selection: { kind: 'plan', plan: second } };
      if (first === 'runs' && second) return { view: 'compare', selection: { kind: 'runs', runs: second.split(',') } };
      return { view: 'compare', selection: null };
    case 'datasets':
      return { view: 'datasets', dataset: first ? first : null };
    case 'reports':
      return { view: 'reports', report: first ? first : null };
    case 'weights':
    case 'hardware':
    case 'settings':
      return { view };
    case 'plans':
      return { view: 'plans', plan: first ? first : null };
    default:
      return { view: 'plans', plan: null };
  }
}

class Router {
  current = $state.raw<Route>(routeOf(location.hash));

  go(route: Route): void {
    location.hash = addressOf(route);
    this.current = route;
  }

  /** Follows the back and forward buttons; call once for the life of the window. */
  follow = (): void => {
    if (addressOf(this.current) !== location.hash) this.current = routeOf(location.hash);
  };
}
export const router = new Router();
