import { getMetadataArgsStorage, type MetadataArgsStorage } from 'routing-controllers';

type ListName = 'actions' | 'params' | 'responseHandlers' | 'uses' | 'useInterceptors';
type Entry<Name extends ListName> = MetadataArgsStorage[Name][number];

/** What belongs to one class: everything, and what belongs to each of its methods (`undefined`: to the class itself). */
interface OfClass<Name extends ListName> {
  readonly all: Entry<Name>[];
  readonly byMethod: Map<string | undefined, Entry<Name>[]>;
}

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * One of the lists that routing-controllers' decorators add to, by class and method. Each entry is looked at once, when
 * it is first asked for after it was added: to search the whole list for each action would make the start of an
 * application grow with the square of its actions.
 */
class MetadataIndex<Name extends ListName> {
  private list: readonly Entry<Name>[] = [];
  private length = 0;
  private last: Entry<Name> | undefined;
  private byClass = new Map<unknown, OfClass<Name>>();

  constructor(
    private readonly name: Name,
    private readonly classOf: (entry: Entry<Name>) => unknown,
  ) {}

  /** The entries of a class and of all of its methods, in the order in which they were added. */
  ofClass(controller: unknown): readonly Entry<Name>[] {
    this.update();
    return this.byClass.get(controller)?.all ?? NOTHING;
  }

  /** The entries of one method, or with `undefined` of the class itself. */
  of(controller: unknown, method: string | undefined): readonly Entry<Name>[] {
    this.update();
    return this.byClass.get(controller)?.byMethod.get(method) ?? NOTHING;
  }

  private update(): void {
    const list = getMetadataArgsStorage()[this.name] as Entry<Name>[];
    // The storage was reset, or the lists were cut by somebody else, who may have added to them since.
    if (list !== this.list || list.length < this.length || list[this.length - 1] !== this.last) {
      this.list = list;
      this.length = 0;
      this.last = undefined;
      this.byClass = new Map();
    }
    for (; this.length < list.length; this.length += 1) this.add(list[this.length] as Entry<Name>);
    this.last = list[this.length - 1];
  }

  private add(entry: Entry<Name>): void {
    const controller = this.classOf(entry);
    let ofClass = this.byClass.get(controller);
    if (ofClass === undefined) {
      ofClass = { all: [], byMethod: new Map() };
      this.byClass.set(controller, ofClass);
    }
    ofClass.all.push(entry);
    const ofMethod = ofClass.byMethod.get(entry.method);
    if (ofMethod === undefined) ofClass.byMethod.set(entry.method, [entry]);
    else ofMethod.push(entry);
  }
}

/** `@Get` and its like. */
export const actionsMetadata = new MetadataIndex('actions', ({ target }) => target);
/** `@Param`, `@CurrentUser` and their like. */
export const paramsMetadata = new MetadataIndex('params', ({ object }) => (object as object).constructor);
/** `@Authorized`, `@Header` and their like. */
export const responseHandlersMetadata = new MetadataIndex('responseHandlers', ({ target }) => target);
const usesMetadata = new MetadataIndex('uses', ({ target }) => target);
const useInterceptorsMetadata = new MetadataIndex('useInterceptors', ({ target }) => target);

/** routing-controllers' own searches, which look through whole lists, by the indexes. The answers are the same. */
const SEARCHES = {
  filterControllerMetadatasForClasses(classes) {
    const wanted = new Set<unknown>(classes);
    return getMetadataArgsStorage().controllers.filter(({ target }) => wanted.has(target));
  },
  filterActionsWithTarget: (target) => [...actionsMetadata.ofClass(target)],
  filterParamsWithTargetAndMethod: (target, method) => [...paramsMetadata.of(target, method)],
  filterResponseHandlersWithTarget: (target) => [...responseHandlersMetadata.ofClass(target)],
  filterResponseHandlersWithTargetAndMethod: (target, method) => [...responseHandlersMetadata.of(target, method)],
  filterUsesWithTargetAndMethod: (target, method) => [...usesMetadata.of(target, method)],
  filterInterceptorUsesWithTargetAndMethod: (target, method) => [...useInterceptorsMetadata.of(target, method)],
} satisfies Partial<MetadataArgsStorage>;

/** Runs a synchronous step of routing-controllers, with its searches answered by the indexes. */
export function withIndexedMetadata<T>(step: () => T): T {
  const storage = getMetadataArgsStorage();
  const names = (Object.keys(SEARCHES) as (keyof typeof SEARCHES)[]).filter((name) => !Object.hasOwn(storage, name));
  for (const name of names) Object.assign(storage, { [name]: SEARCHES[name] });
  try {
    return step();
  } finally {
    for (const name of names) delete (storage as Partial<MetadataArgsStorage>)[name];
  }
}
