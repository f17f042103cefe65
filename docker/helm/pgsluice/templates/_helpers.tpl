{{- define "pgsluice.name" -}}
{{- if contains "pgsluice" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-pgsluice" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "pgsluice.selector" -}}
app.kubernetes.io/name: pgsluice
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pgsluice.labels" -}}
{{ include "pgsluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "pgsluice.secret" -}}
{{ .Values.existingSecret | default (include "pgsluice.name" .) }}
{{- end }}

{{- define "pgsluice.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- end }}

{{- define "pgsluice.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "pgsluice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "pgsluice.volumeMounts" -}}
- {name: config, mountPath: /etc/pgsluice/config, readOnly: true}
{{- if .Values.tlsSecret }}
- {name: tls, mountPath: /etc/pgsluice/tls, readOnly: true}
{{- end }}
{{- end }}

{{- define "pgsluice.volumes" -}}
- name: config
  configMap: {name: {{ include "pgsluice.name" . }}}
{{- if .Values.tlsSecret }}
- name: tls
  secret: {secretName: {{ .Values.tlsSecret }}, defaultMode: 0440}
{{- end }}
{{- end }}
