/** The exit codes of the process. Listed in `--help`, so that scripts can rely on them. */
export const EXIT_CODES = Object.freeze({
  /** Done. */
  done: 0,
  /** Refused or failed: an unknown application, a scope that is not allowed, an undeclared action. */
  refused: 1,
  /** Wrong usage: an unknown option, an invalid value, no database given. */
  usage: 2,
  /**
   * The database or Redis cannot be reached or used, the database is not migrated, or the caches of the servers were not
   * told of a change because their Redis was not given.
   */
  unavailable: 3,
  /** Ended by SIGINT: 128 + 2, as shells report it. */
  interrupted: 130,
  /** Ended by SIGTERM: 128 + 15. */
  terminated: 143,
});

/** Shown below the help of every command. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    done
  1    refused or failed: unknown application, scope not allowed, undeclared action
  2    usage error: unknown option, bad value, no database given
  3    database or Redis unreachable or unusable, the database is not migrated, or the change is in the database but
       the caches of the servers were not told of it
  130  interrupted by SIGINT (143: by SIGTERM); clear-expired finishes its batch first

Errors are one line on stderr. With --json they are one object {"error", "error_description"} on stderr,
and stdout holds exactly one JSON object, or nothing.`;
