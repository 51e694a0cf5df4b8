import { isDeepStrictEqual } from 'node:util';
import { getMetadataArgsStorage, type MetadataArgsStorage } from 'routing-controllers';

/*
 * Replaces: the searches of routing-controllers' `MetadataArgsStorage`, written for 0.11.3. Each search filters a whole
 * list of metadata, and routing-controllers runs several of them for each action, so that the time of a start grows
 * with the square of the number of actions; the indexes read each entry once. Must equal: the entries that the searches
 * return, in the same order. Compared by: test/unit/routing-controllers/fast/metadata-index.test.ts, with generated
 * metadata. `withIndexedMetadata` compares each search with the original on a few entries before it uses it; if they
 * differ, or if the storage object already has an own method of that name, the original search is used.
 */

type ListName = 'actions' | 'params' | 'responseHandlers' | 'uses' | 'useInterceptors';
type Entry<Name extends ListName> = MetadataArgsStorage[Name][number];

/** The entries of one class: all of them, and those of each method (`undefined`: those of the class itself). */
interface OfClass<Name extends ListName> {
  readonly all: Entry<Name>[];
  readonly byMethod: Map<string | undefined, Entry<Name>[]>;
}

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * An index by class and method over one of the lists that the decorators of routing-controllers fill. Each call first
 * indexes the entries that were added since the last one.
 */
class MetadataIndex<Name extends ListName> {
  private list: readonly Entry<Name>[] = [];
  private length = 0;
  private last: Entry<Name> | undefined;
  private byClass = new Map<unknown, OfClass<Name>>();

  constructor(
    private readonly storage: () => MetadataArgsStorage,
    private readonly name: Name,
    private readonly classOf: (entry: Entry<Name>) => unknown,
  ) {}

  /** The entries of a class and of all of its methods, in the order in which they were added. */
  ofClass(controller: unknown): readonly Entry<Name>[] {
    this.update();
    return this.byClass.get(controller)?.all ?? NOTHING;
  }

  /** The entries of one method, or of the class itself if the method is `undefined`. */
  of(controller: unknown, method: string | undefined): readonly Entry<Name>[] {
    this.update();
    return this.byClass.get(controller)?.byMethod.get(method) ?? NOTHING;
  }

  private update(): void {
    const list = this.storage()[this.name] as Entry<Name>[];
    // The storage was reset, or other code removed entries and may have added others.
    if (list !== this.list || list[this.length - 1] !== this.last) {
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

function indexesOf(storage: () => MetadataArgsStorage) {
  return {
    actions: new MetadataIndex(storage, 'actions', ({ target }) => target),
    params: new MetadataIndex(storage, 'params', ({ object }) => (object as object).constructor),
    responseHandlers: new MetadataIndex(storage, 'responseHandlers', ({ target }) => target),
    uses: new MetadataIndex(storage, 'uses', ({ target }) => target),
    useInterceptors: new MetadataIndex(storage, 'useInterceptors', ({ target }) => target),
  };
}

const indexes = indexesOf(getMetadataArgsStorage);

/** `@Get` and the other decorators of verbs. */
export const actionsMetadata = indexes.actions;
/** `@Param`, `@CurrentUser` and the other decorators of parameters. */
export const paramsMetadata = indexes.params;
/** `@Authorized`, `@Header` and the like. */
export const responseHandlersMetadata = indexes.responseHandlers;

/** The searches of `MetadataArgsStorage`, answered from indexes. */
function searchesOf(storage: () => MetadataArgsStorage, by = indexesOf(storage)) {
  return {
    filterControllerMetadatasForClasses(classes) {
      const wanted = new Set<unknown>(classes);
      return storage().controllers.filter(({ target }) => wanted.has(target));
    },
    filterActionsWithTarget: (target) => [...by.actions.ofClass(target)],
    filterParamsWithTargetAndMethod: (target, method) => [...by.params.of(target, method)],
    filterResponseHandlersWithTarget: (target) => [...by.responseHandlers.ofClass(target)],
    filterResponseHandlersWithTargetAndMethod: (target, method) => [...by.responseHandlers.of(target, method)],
    filterUsesWithTargetAndMethod: (target, method) => [...by.uses.of(target, method)],
    filterInterceptorUsesWithTargetAndMethod: (target, method) => [...by.useInterceptors.of(target, method)],
  } satisfies Partial<MetadataArgsStorage>;
}

const searches = searchesOf(getMetadataArgsStorage, indexes);
type SearchName = keyof typeof searches;

class ProbeParent {}
class ProbeChild extends ProbeParent {}

/** A new storage of the same class, with entries for two classes and two methods. */
function probeStorage(storage: MetadataArgsStorage): MetadataArgsStorage {
  const probe = new (storage.constructor as new () => MetadataArgsStorage)();
  for (const target of [ProbeParent, ProbeChild, ProbeParent]) {
    probe.controllers.push({ target } as never);
    for (const method of ['a', 'b', undefined, 'a']) {
      for (const list of [probe.actions, probe.responseHandlers, probe.uses, probe.useInterceptors]) {
        list.push({ target, method } as never);
      }
      probe.params.push({ object: target.prototype, method } as never);
    }
  }
  return probe;
}

/** Whether a search of this storage's class returns exactly the same entries as the index, for a few examples. */
function agrees(storage: MetadataArgsStorage, name: SearchName): boolean {
  try {
    const probe = probeStorage(storage);
    const indexed = searchesOf(() => probe)[name] as (...parameters: unknown[]) => unknown[];
    const original = storage[name] as (...parameters: unknown[]) => unknown[];
    const questions: unknown[][] =
      name === 'filterControllerMetadatasForClasses'
        ? [[[]], [[ProbeParent]], [[ProbeChild, ProbeParent, ProbeParent]]]
        : [ProbeParent, ProbeChild, MetadataIndex].flatMap((target) => ['a', 'c', undefined].map((m) => [target, m]));
    return questions.every((question) => {
      const entries = original.apply(probe, question);
      const found = indexed(...question);
      return isDeepStrictEqual(found, entries) && found.every((entry, index) => entry === entries[index]);
    });
  } catch {
    return false;
  }
}

/** Runs a synchronous step of routing-controllers with its searches answered from the indexes. */
export function withIndexedMetadata<T>(step: () => T): T {
  const storage = getMetadataArgsStorage();
  const names = (Object.keys(searches) as SearchName[]).filter(
    (name) => !Object.hasOwn(storage, name) && agrees(storage, name),
  );
  for (const name of names) Object.assign(storage, { [name]: searches[name] });
  try {
    return step();
  } finally {
    for (const name of names) delete (storage as Partial<MetadataArgsStorage>)[name];
  }
}
