/** Who looks at the page. */
export interface Viewer {
  /** The id of the user. */
  readonly id: string;
  /** What the option `username` says, or the id. */
  readonly name: string;
  /** What the option `isStaff` says. */
  readonly isStaff: boolean;
}
