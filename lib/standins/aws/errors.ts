/** Another process (or another start in this one) has the directory open. Nothing was changed. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError' as const;
  readonly directory: string;

  constructor(directory: string, cause: unknown) {
    super(
      `Another process is using the output directory ${directory}. ` +
        'Wait until it has finished, or stop it (that frees the directory at once, even after a kill), ' +
        'or choose another directory.',
      { cause },
    );
    this.directory = directory;
  }
}

/** The directory cannot be used. The message says what is wrong, where, and what to do. */
export class OutputDirectoryError extends Error {
  override readonly name = 'OutputDirectoryError' as const;
  readonly directory: string;

  constructor(directory: string, what: string, cause: unknown) {
    super(`The output directory ${directory} cannot be used: ${what}`, { cause });
    this.directory = directory;
  }
}
