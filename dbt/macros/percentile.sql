{# fivetran_utils has no percentile for these engines. The names of the arguments are its own. #}
{% macro duckdb__percentile(percentile_field, partition_field, percent) -%}
  quantile_cont({{ percentile_field }}, {{ percent }}) over (partition by {{ partition_field }})
{%- endmacro %}

{% macro athena__percentile(percentile_field, partition_field, percent) -%}
  approx_percentile({{ percentile_field }}, {{ percent }}) over (partition by {{ partition_field }})
{%- endmacro %}
