{{- define "transcriber.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" (.Release.Name | trunc 28) .Chart.Name }}{{ end }}
{{- end }}

{{- define "transcriber.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "transcriber.labels" -}}
{{ include "transcriber.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* An image of ours: (list $ name); a name with a digest or a tag of its own keeps that. */}}
{{- define "transcriber.image" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $images := $root.Values.images }}
{{- with $images.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $name }}{{ if not (regexMatch "[:@]" $name) }}:{{ $images.tag | default $root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "transcriber.secret" -}}
{{- .Values.secrets.existing | default (and .Values.secrets.values (include "transcriber.name" .)) | default "" }}
{{- end }}

{{- define "transcriber.claim" -}}
{{- $root := index . 0 }}{{ $volume := index . 1 }}
{{- (index $root.Values $volume).existingClaim | default (printf "%s-%s" (include "transcriber.name" $root) $volume) }}
{{- end }}

{{- define "transcriber.trustedProxies" -}}
{{- if .Values.trustedProxies }}{{ join "," .Values.trustedProxies }}
{{- else if .Values.ingress.enabled }}10.0.0.0/8,172.16.0.0/12,192.168.0.0/16
{{- end }}
{{- end }}

{{- /* What all containers of ours may do, which is little. */}}
{{- define "transcriber.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- /* Settings of a container, and where it writes: the root file system is read-only. */}}
{{- define "transcriber.environment" -}}
envFrom:
  - configMapRef: { name: {{ include "transcriber.name" . }} }
  {{- with include "transcriber.secret" . }}
  - secretRef: { name: {{ . }} }
  {{- end }}
{{- end }}

{{- /* Where the authorities of Redis lie, as a source of a volume; nothing where none are given. */}}
{{- define "transcriber.redisAuthority" -}}
{{- $ca := .Values.redis.ca }}
{{- if or $ca.secret $ca.configMap }}
{{- if and $ca.secret $ca.configMap }}{{ fail "redis.ca: give a secret or a configMap, not both." }}{{ end }}
{{- if eq .Values.redis.mode "bundled" }}{{ fail "redis.ca: the bundled Redis speaks no TLS." }}{{ end }}
{{- $items := printf "items: [{ key: %q, path: ca.crt }]" $ca.key }}
{{- if $ca.secret }}secret: { secretName: {{ $ca.secret }}, {{ $items }} }{{ else }}configMap: { name: {{ $ca.configMap }}, {{ $items }} }{{ end }}
{{- end }}
{{- end }}

{{- define "transcriber.mounts" -}}
{{- if not .Values.bucket.url }}
- { name: uploads, mountPath: /srv/shared_audio }
{{- end }}
- { name: logs, mountPath: /srv/logs }
- { name: tmp, mountPath: /tmp }
{{- if include "transcriber.redisAuthority" . }}
- { name: redis-ca, mountPath: /srv/redis-ca, readOnly: true }
{{- end }}
{{- end }}

{{- define "transcriber.volumes" -}}
{{- if not .Values.bucket.url }}
- name: uploads
  persistentVolumeClaim: { claimName: {{ include "transcriber.claim" (list . "uploads") }} }
{{- end }}
- name: cache
  {{- if .Values.cache.enabled }}
  persistentVolumeClaim: { claimName: {{ include "transcriber.claim" (list . "cache") }} }
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- with include "transcriber.redisAuthority" . }}
- name: redis-ca
  {{ . }}
{{- end }}
- name: logs
  emptyDir: { sizeLimit: 256Mi }
- name: tmp # where what is fetched from a `url` lies on its way into a bucket
  emptyDir: { sizeLimit: {{ if .Values.bucket.url }}16Gi{{ else }}2Gi{{ end }} }
{{- end }}

{{- /* The head of a pod. Service links are off: a Service named `redis` would set REDIS_PORT to tcp://… */}}
{{- define "transcriber.pod" -}}
serviceAccountName: {{ include "transcriber.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{ toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.images.pullSecrets }}
imagePullSecrets: {{ range . }}{{ printf "\n  - name: %s" . }}{{ end }}
{{- end }}
{{- end }}

{{- /* Where pods of a pool or of the API may run: (the values of that) */}}
{{- define "transcriber.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Pods begin anew when their settings change. */}}
{{- define "transcriber.checksum" -}}
checksum/settings: {{ list (include (print .Template.BasePath "/configmap.yaml") .) (toJson .Values.secrets) | join "" | sha256sum }}
{{- end }}

{{- /* A setting as text: a list of YAML becomes one with commas, and 1e+06 stays 1000000. */}}
{{- define "transcriber.text" -}}
{{- if kindIs "slice" . }}{{ join "," . }}{{ else if and (kindIs "float64" .) (eq (floor .) .) }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end }}
{{- end }}
