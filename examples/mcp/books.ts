/** The books, as long as the process runs. */
export const books: string[] = ['Emma', 'Persuasion'];
