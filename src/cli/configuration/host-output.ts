/** What a module of the application prints goes to stderr: stdout is kept for the result. */
export function printHostOutputToStderr(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
}
