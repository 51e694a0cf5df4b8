declare class Note {
  readonly userId: string;
  static query(): { findById(id: string): Promise<Note | undefined> };
}
