import { Authorized, Get, JsonController } from 'routing-controllers';
import { Public, RequiredScopes, Throttle } from '../../../src/public/index.js';

/** Where something may be declared: a class or its method, of the controller itself (depth 0) or of an ancestor. */
export interface Place {
  readonly level: 'class' | 'method';
  readonly depth: number;
}

export const KINDS = ['none', 'public', 'authorized', 'scopes', 'throttle'] as const;
export type Kind = (typeof KINDS)[number];

/** What is declared at each place, and the controller that comes of it. */
export interface Chain {
  readonly title: string;
  readonly path: string;
  readonly controller: Function;
  readonly declared: ReadonlyMap<Place, Kind>;
}

/** What the action of a chain is to do. */
export type Outcome =
  | { readonly kind: 'open'; readonly throttles: readonly string[] }
  | { readonly kind: 'requirement'; readonly scopes: readonly string[]; readonly throttles: readonly string[] }
  /** A start-up error, in which all these words occur. */
  | { readonly kind: 'error'; readonly words: readonly string[] };

/** Every way to declare one of the kinds, or nothing, at each place of a chain of so many classes. */
export function everyChain(classes: number, kinds: readonly Kind[], prefix: string): Chain[] {
  const places: Place[] = Array.from({ length: classes }, (_, depth) => [
    { level: 'class' as const, depth },
    { level: 'method' as const, depth },
  ]).flat();
  const rows = places.reduce<Kind[][]>(
    (before, _place) => before.flatMap((row) => kinds.map((kind) => [...row, kind])),
    [[]],
  );
  return rows.map((row, number) =>
    chainOf(`${prefix}${number}`, new Map(row.map((kind, at) => [places[at] as Place, kind]))),
  );
}

/** The name of the class at a depth: `C7D0` is the controller, `C7D1` what it extends. */
function className(name: string, depth: number): string {
  return `${name.toUpperCase()}D${depth}`;
}

function chainOf(name: string, declared: ReadonlyMap<Place, Kind>): Chain {
  const depths = Math.max(...[...declared.keys()].map(({ depth }) => depth));
  let controller: new () => object = Object as never;
  // The farthest ancestor is the first class that there is; it has the route.
  for (let depth = depths; depth >= 0; depth -= 1) {
    const parent = controller;
    const one = { [className(name, depth)]: class extends parent {} }[className(name, depth)] as new () => object;
    const onMethod = kindAt(declared, 'method', depth);
    // A subclass that declares something for the method overrides it; otherwise it inherits it.
    if (depth === depths || onMethod !== 'none') {
      Object.defineProperty(one.prototype, 'read', { value: () => ({ ok: true }), configurable: true, writable: true });
    }
    if (depth === depths) Get('/')(one.prototype, 'read');
    declare(one, 'read', onMethod, `method-${depth}`);
    declare(one, undefined, kindAt(declared, 'class', depth), `class-${depth}`);
    controller = one;
  }
  JsonController(`/${name}`)(controller);
  const title = [...declared].map(([{ level, depth }, kind]) => `${level} ${depth}: ${kind}`).join(', ');
  return { title, path: `/${name}`, controller, declared };
}

function declare(one: Function, method: string | undefined, kind: Kind, place: string): void {
  const decorator = {
    none: undefined,
    public: Public(),
    authorized: Authorized(place),
    scopes: RequiredScopes(place),
    throttle: Throttle({ name: place, rate: '1000000/h' }),
  }[kind] as ((target: object, method?: string) => void) | undefined;
  if (method === undefined) decorator?.(one);
  else decorator?.(one.prototype, method);
}

function kindAt(declared: ReadonlyMap<Place, Kind>, level: Place['level'], depth: number): Kind {
  return [...declared].find(([place]) => place.level === level && place.depth === depth)?.[1] ?? 'none';
}

/** The rule of docs/guards.md, once more, as plainly as it is written there. */
export function outcomeOf({ declared, path }: Chain): Outcome {
  const name = path.slice(1);
  const at = (wanted: (kind: Kind, place: Place) => boolean) =>
    [...declared].filter(([place, kind]) => wanted(kind, place)).map(([place]) => place);
  const requires = (kind: Kind) => kind === 'authorized' || kind === 'scopes';
  for (const level of ['class', 'method'] as const) {
    const [opened] = at((kind, place) => kind === 'public' && place.level === level);
    const [guarded] = at((kind, place) => requires(kind) && place.level === level);
    if (opened !== undefined && guarded !== undefined) {
      const word = ({ depth }: Place) => `${level} ${className(name, depth)}${level === 'method' ? '.read' : ''}`;
      return { kind: 'error', words: ['@Public()', word(opened), word(guarded), 'contradict'] };
    }
  }
  const throttles = at((kind) => kind === 'throttle').map(labelOf);
  const requiring = at(requires);
  const openedMethods = at((kind, place) => kind === 'public' && place.level === 'method').map(({ depth }) => depth);
  const lifted = (place: Place) => place.level === 'class' && place.depth >= Math.min(...openedMethods);
  if (requiring.some((place) => !lifted(place))) {
    return { kind: 'requirement', scopes: requiring.map(labelOf), throttles };
  }
  if (at((kind) => kind === 'public').length > 0) return { kind: 'open', throttles };
  return { kind: 'error', words: ['declares no requirement'] };
}

function labelOf({ level, depth }: Place): string {
  return `${level}-${depth}`;
}
