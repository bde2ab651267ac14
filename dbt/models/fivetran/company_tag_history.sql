select
  records.company_id,
  records.tag_id,
  parent.updated_at as company_updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'company_tag_flat') }} as records
join {{ source('intercom_lake', 'companies_flat') }} as parent on parent.id = records.company_id
