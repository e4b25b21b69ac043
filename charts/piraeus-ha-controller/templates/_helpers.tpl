{{- define "ha.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ha.fullname" -}}
{{- $name := include "ha.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ha.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "ha.fullname" .) .Values.serviceAccount.name -}}
{{- else if eq .Values.serviceAccount.name "default" -}}
{{- fail "serviceAccount.name is default, which every pod of the namespace has that names no account: give the controller one of its own" -}}
{{- else -}}
{{- required "serviceAccount.name is missing: serviceAccount.create is false, so an existing one must be named" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Of the roles. An account that exists already, and may be shared, does not name them. */}}
{{- define "ha.role" -}}
{{- if .Values.serviceAccount.create -}}
{{- include "ha.account" . -}}
{{- else -}}
{{- include "ha.fullname" . -}}
{{- end -}}
{{- end -}}

{{- define "ha.selector" -}}
app.kubernetes.io/name: {{ include "ha.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "ha.labels" -}}
{{ include "ha.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "ha.port" -}}
{{- index .Values.flags "leader-election-healtz-port" | default 8080 -}}
{{- end -}}

{{- define "ha.lease" -}}
{{- index .Values.flags "leader-election-resource-name" | default "piraeus-ha-controller" -}}
{{- end -}}
