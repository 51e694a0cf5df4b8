import { Get, JsonController, Param } from 'routing-controllers';
import { Access, RequestAccess } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { notFound } from '../api-error.js';
import { Notes } from '../models/notes.js';
import { ResourceOwnerOrTokenHasScope } from '../permissions.js';
import { Authorized, RequiredScopes } from '../scopes.js';

/** A note is for its owner, and for tokens with the scope `notes`. */
@Service()
@RequiredScopes('notes')
@Authorized(ResourceOwnerOrTokenHasScope)
@JsonController('/notes')
export class NotesController {
  constructor(private readonly notes: Notes) {}

  @Get('/:id')
  async get(@Param('id') id: string, @Access() access: RequestAccess) {
    const note = await this.notes.find(id);
    if (note === undefined) throw notFound('note');
    await access.checkObject(note);
    return { id: note.id, user: note.userId, text: note.text };
  }
}
