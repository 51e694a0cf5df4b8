import { flagOption, knownOptions, refuseOption, textOption, wholeNumberOption } from '../core/options/index.js';
import { classChain } from '../routing-controllers/declarations.js';

/** What `@Returns` says beside the class. */
export interface ReturnsOptions {
  /** The status; default that of `@HttpCode`, else 200. */
  readonly status?: number | undefined;
  /** Whether a list of them is answered. */
  readonly isArray?: boolean | undefined;
  /** What the answer means; default the name of the status. */
  readonly description?: string | undefined;
}

/** A declared answer. */
export interface DeclaredAnswer extends ReturnsOptions {
  /** `undefined`: without a body. */
  readonly type: Function | undefined;
}

const answers = new WeakMap<Function, Map<string, readonly DeclaredAnswer[]>>();

/**
 * Declares what an action answers, for documents: TypeScript's `Promise<Book>` is not known at run time. It may be repeated for
 * other statuses; an inherited method keeps it.
 *
 * @param type a class with the decorators of class-validator, or `String`, `Number` or `Boolean`; `undefined` for no body
 * @returns the decorator, for a method
 * @throws ConfigurationError if an option is invalid
 *
 * @example
 * ```ts
 * import { IsInt, IsString } from 'class-validator';
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { Returns } from 'routing-controllers-oauth2/openapi';
 *
 * class Book {
 *   @IsInt() id!: number;
 *   @IsString() title!: string;
 * }
 *
 * @JsonController('/books')
 * export class BookController {
 *   @Authorized('books:read')
 *   @Returns(Book, { isArray: true })
 *   @Get('/')
 *   async list(): Promise<Book[]> {
 *     return [{ id: 1, title: 'Emma' }];
 *   }
 * }
 * ```
 */
export function Returns(type: Function | undefined, options: ReturnsOptions = {}): MethodDecorator {
  const read = knownOptions<ReturnsOptions>('Returns', options, ['status', 'isArray', 'description']);
  if (type !== undefined && typeof type !== 'function') refuseOption('Returns', type, 'give a class, or undefined');
  if (read.status !== undefined) wholeNumberOption('Returns.status', read.status, { least: 100, most: 599 });
  if (read.isArray !== undefined) flagOption('Returns.isArray', read.isArray);
  if (read.description !== undefined) textOption('Returns.description', read.description);
  return (target, method) => {
    const ofClass = answers.get(target.constructor) ?? new Map<string, readonly DeclaredAnswer[]>();
    answers.set(target.constructor, ofClass);
    ofClass.set(String(method), [{ ...read, type }, ...(ofClass.get(String(method)) ?? [])]);
  };
}

/** The answers that are declared for a method; those of a class come before those of its ancestors. */
export function declaredAnswers(controller: Function, method: string): readonly DeclaredAnswer[] {
  for (const one of classChain(controller)) {
    const declared = answers.get(one)?.get(method);
    if (declared !== undefined) return declared;
  }
  return [];
}
