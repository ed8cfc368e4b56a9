/** What the example of each client does; `main.ts` runs any of them. */

export interface TaskEvent {
  readonly __typename: string;
  readonly seq: number;
  readonly text?: string;
}

export interface Rollway {
  signIn(login: string, password: string): Promise<void>;
  /** The ids of an application's tasks, the newest first, fetched *pageSize* at a time. */
  tasks(applicationId: string, pageSize: number): Promise<string[]>;
  /** Returns the task's id. */
  deploy(applicationId: string): Promise<string>;
  /** Gives *show* each event of a task once, in order, up to its StreamEnd. */
  watch(taskId: string, show: (event: TaskEvent) => void): Promise<void>;
}

/** A mutation that was refused: nothing was changed. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly field: readonly string[] = [],
  ) {
    super(message);
  }
}
