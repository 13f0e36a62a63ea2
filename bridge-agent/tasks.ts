import type { CallId, CommandId, ConfKey, EpochMs } from "../src/foundation/ids.ts";
import type { Journal, JournalContents } from "./journal.ts";
import { isInTime, type Task, topicOf, undoes } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

interface OpenTask {
  readonly task: Task;
  /** `doubt`: it may have been begun, and what became of it must be read from the bridge's state. */
  stage: "waiting" | "running" | "doubt";
  /** It is in doubt as soon as its turn comes. */
  readonly looks: boolean;
  /** From an earlier life of this process: another agent may have been in charge meanwhile. */
  readonly old: boolean;
  /** It is not begun again, whatever became of it. */
  last?: true;
}

/** The tasks that are not finished: which may begin, which run, and which are in doubt. */
export class Tasks {
  readonly #journal: Journal;
  readonly #open = new Map<string, OpenTask>();
  readonly #queues = new Map<ConfKey, TaskQueue<OpenTask>>();
  readonly #ringing = new Map<CallId, Task>();
  readonly #doubtful = new Set<OpenTask>();
  #ready: OpenTask[] = [];
  #running = 0;
  #inCharge = false;

  constructor(journal: Journal, contents: JournalContents) {
    this.#journal = journal;
    for (const { task, phase } of contents.tasks) {
      if (phase === "ringing" && "call" in task.work) this.#ringing.set(task.work.call, task);
      else this.#add({ task, stage: "waiting", looks: phase === "begun", old: true });
    }
  }

  get running(): number {
    return this.#running;
  }

  /** Takes a task once; a repeat changes nothing. With `looks`, somebody else may have begun it. */
  take(task: Task, now: EpochMs, looks = false): boolean {
    if (!this.#journal.take(task, now)) return false;
    if (looks) this.#journal.enter(task.conference, task.id, "begun");
    this.#add({ task, stage: "waiting", looks, old: false });
    return true;
  }

  /** The edge has said that this agent acts: what an earlier life left undone may go on. */
  takeCharge(): void {
    this.#inCharge = true;
  }

  #add(open: OpenTask): void {
    const { conference, work } = open.task;
    this.#open.set(keyOf(open.task), open);
    let queue = this.#queues.get(conference);
    if (!queue) {
      queue = new TaskQueue();
      this.#queues.set(conference, queue);
    }
    if (queue.add(open, topicOf(work))) this.#itsTurn(open);
  }

  #itsTurn(open: OpenTask): void {
    if (open.looks) this.#beDoubtful(open);
    else this.#ready.push(open);
  }

  /** Those that may begin now; from here on the bridge may know of them. */
  begin(): Task[] {
    const known = this.#ready.filter((open) => this.#open.has(keyOf(open.task)));
    const ready = known.filter(({ old }) => this.#inCharge || !old);
    this.#ready = known.filter((open) => !ready.includes(open));
    for (const open of ready) {
      open.stage = "running";
      this.#running += 1;
      this.#journal.enter(open.task.conference, open.task.id, "begun");
    }
    return ready.map(({ task }) => task);
  }

  find(conference: ConfKey, id: CommandId): Task | null {
    return this.#open.get(keyOf({ conference, id }))?.task ?? null;
  }

  /** The bridge may or may not have carried it out. */
  doubt(task: Task): void {
    const open = this.#open.get(keyOf(task));
    if (open?.stage !== "running") return;
    this.#beDoubtful(open);
    this.#running -= 1;
  }

  #beDoubtful(open: OpenTask): void {
    open.stage = "doubt";
    this.#doubtful.add(open);
  }

  notAgain(task: Task): void {
    const open = this.#open.get(keyOf(task));
    if (open) open.last = true;
  }

  mayBeginAgain(task: Task): boolean {
    return !this.#open.get(keyOf(task))?.last;
  }

  /**
   * Whether a later task that may still begin undoes it. The bridge then shows no trace of it, and need not: to carry it out
   * once more would be heard. Should that later task be refused in the end, this one was told as done and never happened: the
   * next digest of the conference shows it.
   */
  isUndone({ conference, work }: Task, now: EpochMs): boolean {
    let isLater = false;
    for (const { task } of this.#open.values()) {
      if (isLater && isInTime(task, now) && task.conference === conference && undoes(task.work, work)) return true;
      isLater ||= task.work === work;
    }
    return false;
  }

  get hasDoubts(): boolean {
    return this.#doubtful.size > 0;
  }

  /** Oldest first. */
  inDoubt(): Task[] {
    return Array.from(this.#doubtful, ({ task }) => task);
  }

  /** Those that the bridge is not at work on. */
  idle(): Task[] {
    return [...this.#open.values()].filter(({ stage }) => stage !== "running").map(({ task }) => task);
  }

  unfinished(): Task[] {
    return [...this.#open.values()].map(({ task }) => task);
  }

  /** It was not carried out: it may begin again. */
  retry(task: Task): void {
    const open = this.#open.get(keyOf(task));
    if (open?.stage !== "doubt") return;
    open.stage = "waiting";
    this.#doubtful.delete(open);
    this.#ready.push(open);
  }

  /** Its outcome is known. A dial that rings is watched until its call is answered or over. */
  finish(task: Task, rings: boolean): void {
    const key = keyOf(task);
    const open = this.#open.get(key);
    if (!open) return;
    if (open.stage === "running") this.#running -= 1;
    this.#open.delete(key);
    this.#doubtful.delete(open);
    this.#journal.enter(task.conference, task.id, rings ? "ringing" : "finished");
    if (rings && "call" in task.work) this.#ringing.set(task.work.call, task);
    const queue = this.#queues.get(task.conference);
    if (!queue) return;
    for (const next of queue.done(open)) this.#itsTurn(next);
    if (queue.size === 0) this.#queues.delete(task.conference);
  }

  ringing(): ReadonlyMap<CallId, Task> {
    return this.#ringing;
  }

  stopWatching(call: CallId): void {
    const task = this.#ringing.get(call);
    if (!task) return;
    this.#ringing.delete(call);
    this.#journal.enter(task.conference, task.id, "finished");
  }
}

function keyOf({ conference, id }: { readonly conference: ConfKey; readonly id: CommandId }): string {
  return `${conference} ${id}`;
}
