/** The pages on the way through the authorization endpoint. */

export const LOGIN = `<%
const { model, texts } = it;
const t = texts.login;
const text = model.problem === 'throttled' ? it.fillText(t.throttled, { seconds: model.retryAfterSeconds }) : t.wrong;
const problems = model.problem ? [{ field: model.problem === 'throttled' ? 'username' : 'password', text }] : [];
layout('@frame', { title: t.title, hasProblem: problems.length > 0 });
%>
<div class="card">
<h1><%= t.title %></h1>
<%~ include('@notice') %>
<p><% if (model.application) { %><%~ it.fillHtml(t.leadFor, { application: model.application.name }) %><% } else { %><%= t.lead %><% } %></p>
<% if (model.application && model.application.documentHost) { %><p class="hint"><%~ it.fillHtml(texts.frame.documentHost, { host: model.application.documentHost }) %></p><% } %>
<%~ include('@problems', { problems }) %>
<form method="post" action="<%= model.form.action %>">
<%~ include('@hidden', { form: model.form }) %>
<div class="field">
<label for="username"><%= t.username %></label>
<input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="255" required value="<%= model.username %>"<% if (problems.length > 0) { %> aria-describedby="problem"<% } %><% if (!model.username) { %> autofocus<% } %>>
</div>
<div class="field">
<label for="password"><%= t.password %></label>
<input id="password" name="password" type="password" autocomplete="current-password" required<% if (model.problem === 'wrong') { %> aria-invalid="true"<% } %><% if (problems.length > 0) { %> aria-describedby="problem"<% } %><% if (model.username) { %> autofocus<% } %>>
</div>
<button class="primary" type="submit"><%= t.submit %></button>
</form>
<% if (model.refuseForm) { %>
<form method="post" action="<%= model.refuseForm.action %>" class="aside">
<%~ include('@hidden', { form: model.refuseForm }) %>
<button class="link" type="submit"><%= t.refuse %></button>
</form>
<% } %>
</div>
`;

export const CONSENT = `<%
const { model, texts } = it;
const t = texts.consent;
layout('@frame', { title: t.title });
%>
<div class="card">
<h1><%= t.title %></h1>
<p><%~ it.fillHtml(t.lead, { application: model.application.name, user: model.viewer.name }) %></p>
<% if (model.application.documentHost) { %><p class="hint"><%~ it.fillHtml(texts.frame.documentHost, { host: model.application.documentHost }) %></p><% } %>
<% if (model.scopes.length > 0) { %>
<h2 class="label"><%= t.scopes %></h2>
<%~ include('@scopes', { scopes: model.scopes }) %>
<% } else { %>
<p><%= t.noScopes %></p>
<% } %>
<p class="hint"><%= t.stranger %></p>
<% if (model.returnsTo) { %><p class="hint"><%~ it.fillHtml(t.returnsTo, { host: model.returnsTo }) %></p><% } %>
<form method="post" action="<%= model.form.action %>">
<%~ include('@hidden', { form: model.form }) %>
<div class="choices">
<button class="primary" type="submit" name="decision" value="allow"><%= t.allow %></button>
<button type="submit" name="decision" value="deny"><%= t.deny %></button>
</div>
</form>
</div>
`;

export const CONTINUE = `<%
const { model, texts } = it;
layout('@frame', { title: texts.continue.title, refreshTo: model.url });
%>
<div class="card">
<h1><%= texts.continue.title %></h1>
<p><%~ it.fillHtml(texts.continue.lead, { host: model.host }) %></p>
<p><a class="button primary" href="<%= model.url %>"><%= texts.continue.link %></a></p>
</div>
`;

export const FORM_POST = `<%
const { model, texts } = it;
layout('@frame', { title: texts.continue.title });
%>
<div class="card">
<h1><%= texts.continue.title %></h1>
<p><%~ it.fillHtml(texts.continue.lead, { host: model.host }) %></p>
<form method="post" action="<%= model.url %>">
<% for (const [name, value] of model.fields) { %>
<input type="hidden" name="<%= name %>" value="<%= value %>">
<% } %>
<button class="primary" type="submit"><%= texts.continue.link %></button>
</form>
<script><%~ model.script %></script>
</div>
`;

export const ERROR = `<%
const { model, texts } = it;
layout('@frame', { title: texts.errors.title });
%>
<div class="card">
<h1><%= texts.errors.title %></h1>
<p><bdi><%= model.description %></bdi></p>
<% if (model.link) { %><p><a class="button" href="<%= model.link.href %>"><%= model.link.text %></a></p><% } %>
<p class="hint"><%~ it.fillHtml(texts.errors.code, { code: model.error }) %></p>
</div>
`;

export const LOGOUT = `<%
const { model, texts } = it;
layout('@frame', { title: texts.logout.title });
%>
<div class="card">
<h1><%= texts.logout.title %></h1>
<p><%= texts.logout.lead %></p>
<% if (model.returnsTo) { %><p class="hint"><%~ it.fillHtml(texts.logout.returnsTo, { host: model.returnsTo }) %></p><% } %>
<form method="post" action="<%= model.form.action %>">
<%~ include('@hidden', { form: model.form }) %>
<div class="choices">
<button class="primary" type="submit" name="logout" value="yes"><%= texts.logout.submit %></button>
<button type="submit"><%= texts.logout.stay %></button>
</div>
</form>
</div>
`;

export const LOGGED_OUT = `<%
const { model, texts } = it;
layout('@frame', { title: texts.logout.doneTitle });
%>
<div class="card">
<h1><%= texts.logout.doneTitle %></h1>
<p role="status"><%= texts.logout.done %></p>
<% if (model.link) { %><p><a class="button" href="<%= model.link.href %>"><%= model.link.text %></a></p><% } %>
</div>
`;
