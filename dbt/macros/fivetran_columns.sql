{# What Fivetran adds to a history table. The lake's flat tables hold current rows only. #}
{% macro history_columns(alias) -%}
  true as _fivetran_active,
  {{ alias }}._extracted_at as _fivetran_start,
  cast('9999-12-31 00:00:00' as timestamp) as _fivetran_end,
  {{ alias }}._extracted_at as _fivetran_synced
{%- endmacro %}

{# What Fivetran adds to a table without history. #}
{% macro live_columns(alias) -%}
  false as _fivetran_deleted,
  {{ alias }}._extracted_at as _fivetran_synced
{%- endmacro %}
