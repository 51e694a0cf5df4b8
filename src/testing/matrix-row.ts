/** Whether a caller may make a request to an action. */
export interface MatrixCell {
  /** Whether the request reaches its action. */
  readonly allowed: boolean;
  /** The status of the refusal; 200 if it is allowed, whatever the action would answer. */
  readonly status: number;
  /** The code of the refusal, or what a permission threw; `undefined` if it is allowed. */
  readonly error: string | undefined;
}

/** Who may use an action. */
export interface MatrixRow {
  /** Upper case; an action of `@All` has a row for each method, unless all are alike: then `ALL`. */
  readonly method: string;
  /** The path of the route, e.g. `/books/:id`. */
  readonly path: string;
  /** The name of the class. */
  readonly controller: string;
  /** The name of the method. */
  readonly action: string;
  /** What it requires, as in the table of routes; empty if it is public. */
  readonly requirement: string;
  /** By the names of the callers. */
  readonly cells: Readonly<Record<string, MatrixCell>>;
}
