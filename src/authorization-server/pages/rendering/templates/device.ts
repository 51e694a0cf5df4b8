/** The pages of the device flow (RFC 8628 §3.3). */

export const DEVICE_CODE = `<%
const { model, texts } = it;
const t = texts.device;
const problems = model.problem ? [{ field: 'user_code', text: t[model.problem] }] : [];
layout('@frame', { title: t.title, hasProblem: problems.length > 0 });
%>
<div class="card">
<h1><%= t.title %></h1>
<p><%= t.lead %></p>
<%~ include('@problems', { problems }) %>
<form method="post" action="<%= model.form.action %>">
<%~ include('@hidden', { form: model.form }) %>
<div class="field">
<label for="user_code"><%= t.code %></label>
<input id="user_code" name="user_code" type="text" class="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64" required autofocus value="<%= model.userCode %>"<% if (model.problem) { %> aria-invalid="true" aria-describedby="problem"<% } %>>
</div>
<button class="primary" type="submit"><%= t.submit %></button>
</form>
</div>
`;

export const DEVICE_CONFIRM = `<%
const { model, texts } = it;
const t = texts.device;
layout('@frame', { title: t.confirmTitle });
%>
<div class="card">
<h1><%= t.confirmTitle %></h1>
<p><%~ it.fillHtml(t.confirmLead, { application: model.application.name }) %></p>
<% if (model.application.documentHost) { %><p class="hint"><%~ it.fillHtml(texts.frame.documentHost, { host: model.application.documentHost }) %></p><% } %>
<p id="compare"><%= t.compare %></p>
<p class="code" aria-labelledby="compare"><bdi><%= model.userCode %></bdi></p>
<% if (model.scopes.length > 0) { %>
<h2 class="label"><%= t.scopes %></h2>
<%~ include('@scopes', { scopes: model.scopes }) %>
<% } %>
<p class="hint"><%= t.stranger %></p>
<form method="post" action="<%= model.form.action %>">
<%~ include('@hidden', { form: model.form }) %>
<div class="choices">
<button class="primary" type="submit" name="confirm" value="yes"><%= t.confirm %></button>
<button type="submit" name="abort" value="yes"><%= t.abort %></button>
</div>
</form>
</div>
`;

export const DEVICE_DONE = `<%
const { model, texts } = it;
layout('@frame', { title: texts.device.doneTitle });
%>
<div class="card">
<h1><%= texts.device.doneTitle %></h1>
<p role="status"><%~ it.fillHtml(texts.device.done, { application: model.application.name }) %></p>
</div>
`;

export const DEVICE_REFUSED = `<%
const { texts } = it;
layout('@frame', { title: texts.device.refusedTitle });
%>
<div class="card">
<h1><%= texts.device.refusedTitle %></h1>
<p role="status"><%= texts.device.refused %></p>
</div>
`;
