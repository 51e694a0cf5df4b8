import { BooksController } from './books.js';
import { ConditionalController } from './conditional.js';
import { DemoController } from './demo.js';
import { DocumentedController } from './documented.js';
import { HomeController } from './home.js';
import { HybridController } from './hybrid.js';
import { NotesController } from './notes.js';
import { ProtectedController } from './protected.js';
import { PublicController } from './public.js';
import { MusicController, ReadWriteController } from './read-write.js';
import { SessionController } from './session.js';
import { ThrottledController } from './throttled.js';
import { TokenInfoController } from './token-info.js';

/** All controllers of the bookstore. */
export const controllers = [
  HomeController,
  PublicController,
  ProtectedController,
  HybridController,
  ReadWriteController,
  MusicController,
  DocumentedController,
  TokenInfoController,
  ThrottledController,
  ConditionalController,
  BooksController,
  NotesController,
  SessionController,
  DemoController,
];
